"""However answers and events overtake each other, the store ends as the daemon is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.client import Client
from reconciler.wire.events import Event
from reconciler.wire.findings import Finding
from tests.unit.tui.test_store import NOW, drift
from tui.store import pump as pumping
from tui.store.pump import Pump
from tui.store.store import Store

_SETTLED = 400


def a_finding(name: str, severity: str, state: str) -> Finding:
    return Finding(
        id=name, stack="web", address=name, type="t", kind="changed",
        severity=cast("Any", severity), score=1, origin="out_of_band", fingerprint="f",
        state=cast("Any", state), first_seen=NOW, last_seen=NOW, times_seen=1,
        resource_id=name, template_id=None, report_id="r", acted_on=False, healed_at=None,
        seen_by="scan",
    )  # fmt: skip


@dataclass
class Daemon:
    """What is true, the events that tell of it, and answers that take a while to arrive."""

    delays: list[int]
    open: dict[str, str] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    asked: int = 0

    async def on_the_way(self) -> None:
        """Let others go on while an answer that was made is on its way."""
        self.asked += 1
        for _ in range(self.delays[self.asked % len(self.delays)]):
            await asyncio.sleep(0)

    def becomes(self, name: str, severity: str | None) -> None:
        if severity is None:
            if self.open.pop(name, None) is None:
                return
            kind = "healed"
        else:
            kind = "changed" if name in self.open else "detected"
            self.open[name] = severity
        self.log.append(drift(len(self.log) + 1, name, kind, severity or "low"))

    async def get(self, name: str) -> Finding:
        severity = self.open.get(name)
        await self.on_the_way()
        return a_finding(name, severity or "low", "open" if severity else "healed")

    async def each(self, *, filter: str) -> AsyncIterator[Finding]:  # noqa: A002 - the API's name
        seen = set() if filter == "state:open" else {*self.open}
        while page := sorted(self.open.keys() - seen)[:2]:
            items = [a_finding(name, self.open[name], "open") for name in page]
            seen |= {*page}
            await self.on_the_way()
            for item in items:
                yield item

    async def follow(
        self, *, after: int | None, opened: Callable[[], None], **_more: object
    ) -> AsyncIterator[Event]:
        place = len(self.log) if after is None else after
        opened()
        while True:
            while place < len(self.log):
                place += 1
                yield self.log[place - 1]
            await asyncio.sleep(0)

    @property
    def client(self) -> Client:
        async def nothing(*_asked: object, **_more: object) -> AsyncIterator[Any]:
            for item in cast("tuple[Any, ...]", ()):
                yield item

        async def none(**_more: object) -> Any:
            return SimpleNamespace(items=())

        async def no_hold() -> None:
            return None

        return cast("Client", SimpleNamespace(
            findings=SimpleNamespace(get=self.get, each=self.each),
            events=SimpleNamespace(follow=self.follow),
            stacks=SimpleNamespace(each=nothing), policies=SimpleNamespace(each=nothing),
            remediations=SimpleNamespace(each=nothing),
            runs=SimpleNamespace(page=none), hold=SimpleNamespace(get=no_hold),
        ))  # fmt: skip


_NAMES = some.sampled_from("abcd")
_MOVES = some.tuples(_NAMES, some.sampled_from((None, "low", "high")), some.integers(0, 6))


@given(
    some.dictionaries(_NAMES, some.sampled_from(("low", "high"))),
    some.lists(_MOVES, max_size=12),
    some.lists(some.integers(0, 9), min_size=1, max_size=5),
    some.integers(0, 12),
)
def test_the_store_ends_as_the_daemon_is(
    there: dict[str, str],
    moves: list[tuple[str, str | None, int]],
    delays: list[int],
    reset_at: int,
) -> None:
    asyncio.run(_followed(there, moves, delays, reset_at))


async def _followed(
    there: dict[str, str],
    moves: list[tuple[str, str | None, int]],
    delays: list[int],
    reset_at: int,
) -> None:
    daemon, store = Daemon(delays, dict(there)), Store()

    async def learn() -> None:
        await daemon.on_the_way()

    pump = Pump(daemon.client, store, lambda _changes: None, learn=learn)
    running = asyncio.ensure_future(pump.run())
    try:
        for place, (name, severity, laps) in enumerate(moves):
            for _ in range(laps):
                await asyncio.sleep(0)
            daemon.becomes(name, severity)
            if place == reset_at:
                pump.read_again()
        for _ in range(_SETTLED):
            await asyncio.sleep(0)
        assert {name: row.severity for name, row in store.rows.items()} == daemon.open
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True, scope="module")
def _at_once() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pumping, "TICK_S", 0)
        yield
