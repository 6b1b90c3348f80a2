"""Holds, windows, ignored drift and the audit, by a real daemon and the commands people type."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.daemon import UNLIMITED, Daemon
from tests.e2e.command import Ended, Trueup
from tests.e2e.lone_daemon import LoneDaemon, look_at
from tests.e2e.test_third_tool import AUTO, QUICK
from tests.strangers.worlds import DECLARED, DRIFT, JsonWorld, install_worlds

NAMES: Final = ("shop", "other")
pytestmark = pytest.mark.slow


class Fleet:
    """Two stacks or more, the daemon that corrects them, and the commands that ask it."""

    def __init__(self, folder: Path, names: Sequence[str] = NAMES) -> None:
        self.names = names
        site = install_worlds(folder / "site")
        environment = {"PYTHONPATH": str(site)}
        self.lone = LoneDaemon(folder, folder / "caches", extra=environment)
        self.worlds = {name: JsonWorld.made(folder / name) for name in names}
        self.trueup = Trueup({**environment, "XDG_CACHE_HOME": str(folder / "caches")})

    def settings(self, more: str, *, interval: str = "10s") -> None:
        stacks = dict.fromkeys(self.names, f'interval = "{interval}"')
        self.lone.settings(stacks, daemon=QUICK, more=more)

    def run(self, *arguments: str) -> Ended:
        return self.trueup.run("--config", self.lone.settings_file, *arguments)

    def drift(self, daemon: Daemon, *names: str) -> None:
        daemon.until(
            "the first scans",
            lambda: all(look_at(daemon, name)["health"] == "in_sync" for name in names),
        )
        for name in names:
            self.worlds[name].put(DRIFT)
            daemon.ask(f"/stacks/{name}/scan", {})

    def corrected(self, daemon: Daemon, name: str) -> None:
        daemon.until("the correction", lambda: self.worlds[name].things == DECLARED)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def held(daemon: Daemon, guard: str) -> bool:
    waiting = daemon.ask("/remediations?state=held")["items"]
    return [one["hold"]["guard"] for one in waiting] == [guard]


def test_a_stack_on_hold_waits_and_the_other_does_not(fleet: Fleet) -> None:
    fleet.settings(AUTO)
    with fleet.lone.serving() as daemon:
        assert fleet.run("hold", "shop", "--reason", "incident 12").code == 0
        fleet.drift(daemon, *NAMES)
        fleet.corrected(daemon, "other")
        daemon.until("the hold", lambda: held(daemon, "kill_switch"))
        assert fleet.worlds["shop"].things == DRIFT
        status, shown = fleet.run("status"), fleet.run("show", "shop/thing.web-1")
        for said in (status, shown):
            assert "HOLD of shop by" in said.out, said.everything
            assert "until `trueup resume shop`" in said.out
        assert "put shop on hold: incident 12" in shown.out
        assert "hold released" in fleet.run("resume", "shop").out
        fleet.corrected(daemon, "shop")


def test_what_waits_for_a_window_goes_on_when_it_opens(fleet: Fleet) -> None:
    far = _opening_in(timedelta(hours=1))
    fleet.settings(_window(far) + AUTO)
    with fleet.lone.serving() as daemon:
        fleet.drift(daemon, *NAMES)
        fleet.corrected(daemon, "other")
        daemon.until("the hold", lambda: held(daemon, "window"))
        assert _held_until(daemon) == {far}
        # It waits already, so the window can open soon, however long all before took.
        soon = _opening_in(timedelta(seconds=8))
        fleet.settings(_window(soon) + AUTO)
        daemon.ask("/reload", {})
        daemon.until("its new hold", lambda: far not in _held_until(daemon))
        daemon.until("its opening", lambda: fleet.worlds["shop"].things == DECLARED)
        assert datetime.now(UTC) >= soon


def _opening_in(delay: timedelta) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + delay


def _window(opens: datetime) -> str:
    closes = opens + timedelta(days=1)
    span = f"{opens:%Y-%m-%dT%H:%M:%S}/{closes:%Y-%m-%dT%H:%M:%S} UTC"
    return f'[[guardrail]]\nstack = "shop"\nwindows = ["{span}"]\n'


def _held_until(daemon: Daemon) -> set[datetime]:
    waiting = daemon.ask("/remediations?state=held")["items"]
    return {datetime.fromisoformat(one["hold"]["until"]) for one in waiting}


def test_one_edited_byte_of_the_audit_is_found(fleet: Fleet) -> None:
    fleet.settings('[[ignore]]\nname = "sizes"\nreason = "r"\nmatch = {path = "size"}\n'
                   + UNLIMITED)  # fmt: skip
    with fleet.lone.serving() as daemon:
        fleet.drift(daemon, "shop")
        daemon.until(
            "it is ignored",
            lambda: daemon.ask("/ignores")["items"][0]["matched"] == 1,
        )
        assert "sizes" in fleet.run("ignores").out
        assert "commented" in fleet.run("comment", "shop/thing.web-1", "seen").out
        assert "commented: seen" in fleet.run("show", "shop/thing.web-1").out
        ended = fleet.run("audit", "--verify")
        assert (ended.code, "as they were written" in ended.out) == (0, True), ended.everything
        entries = fleet.run("audit", "--export").out.splitlines()
    with closing(sqlite3.connect(fleet.lone.data_dir / "trueup.db")) as database, database:
        database.execute("DROP TRIGGER audit_is_never_changed")
        database.execute("UPDATE audit SET actor = 'Trueup' WHERE seq = 1")
    with fleet.lone.serving():
        ended = fleet.run("audit", "--verify")
        assert ended.code == 1
        assert "BROKEN at entry 1" in ended.out
        assert len(fleet.run("audit", "--export").out.splitlines()) > len(entries)
