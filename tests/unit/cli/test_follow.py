from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from reconciler.cli.client.api import Api
from reconciler.cli.client.endpoint import Daemon
from reconciler.cli.client.follow import Pace, follow
from reconciler.cli.client.problems import DeniedError, UnreachableError
from tests.patience import PATIENCE_S
from tests.unit.cli.fake_daemon import TOKEN, Answer, FakeDaemon

QUICK = Pace(tick_s=30, pause_s=0)


@pytest.fixture
def api(daemon: FakeDaemon) -> Iterator[Api]:
    with Api(Daemon(url=daemon.url, token=TOKEN, token_origin="TRUEUP_TOKEN")) as opened:
        yield opened


def streams(*types: str) -> Answer:
    lines = (line for type_ in types for line in (f"event: {type_}", "data: {}", ""))
    return Answer(lines=(": heartbeat", *lines))


@dataclass
class _Alive:
    """A daemon whose streams give signs of life for a minute, and tell of nothing."""

    opened: int = 0

    @contextmanager
    def lines(self, *_asked: object, **_more: object) -> Iterator[Iterator[str]]:
        self.opened += 1
        yield self._signs(time.monotonic() + PATIENCE_S)

    def _signs(self, until: float) -> Iterator[str]:
        while time.monotonic() < until:
            yield from (": still here", "")
        raise AssertionError("nobody looked again")


def test_the_stream_is_open_before_the_first_look(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("GET /events", streams())
    seen: list[int] = []

    def look() -> bool:
        seen.append(len(daemon.sent("GET /events")))
        return True

    follow(api, look, types=("run.",), pace=QUICK)
    assert seen == [1]


def test_each_event_is_looked_at(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("GET /events", streams("stack.scanned", "run.progress"))
    looks = iter([False, False, True])
    follow(api, lambda: next(looks), types=("run.",), pace=QUICK)
    assert len(daemon.sent("GET /events")) == 3


def test_a_stream_that_tells_nothing_but_that_it_lives_is_looked_at_again() -> None:
    looks = iter([False, True])
    alive = _Alive()
    follow(cast("Api", alive), lambda: next(looks), types=("run.",), pace=Pace(0.01, 0))
    assert alive.opened == 2


def test_a_daemon_that_restarts_is_waited_for(daemon: FakeDaemon, api: Api) -> None:
    answers = iter([Answer(broken=True), Answer(broken=True), streams()])
    daemon.routes["GET /events"] = lambda _: next(answers)
    lost: list[UnreachableError] = []
    pace = Pace(tick_s=30, pause_s=0, patience_s=60)
    follow(api, lambda: True, types=("run.",), pace=pace, lost=lost.append, reached=True)
    assert len(lost) == 1


def test_a_daemon_that_is_not_there_at_first_is_an_error_at_once(
    daemon: FakeDaemon, api: Api
) -> None:
    daemon.has("GET /events", Answer(broken=True))
    lost: list[UnreachableError] = []
    with pytest.raises(UnreachableError):
        follow(api, lambda: True, types=("run.",), pace=QUICK, lost=lost.append)
    assert (lost, len(daemon.sent("GET /events"))) == ([], 1)


def test_a_daemon_that_stays_away_is_an_error(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("GET /events", Answer(broken=True))
    pace = Pace(pause_s=0, patience_s=0.4)
    with pytest.raises(UnreachableError):
        follow(api, lambda: True, types=("run.",), pace=pace, reached=True)


def test_a_refusal_is_not_waited_for(daemon: FakeDaemon, api: Api) -> None:
    daemon.refuses("GET /events", 401, "unauthorized", "no")
    with pytest.raises(DeniedError):
        follow(api, lambda: True, types=("run.",), pace=QUICK)
