"""kill -9 of the daemon at any moment of a Pulumi correction: one update at most, a true end."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from typing import Any, Final

import pytest

from tests.daemon import Daemon
from tests.e2e.things import AUTO, Things, until_verified
from tests.integration.pulumi.correcting import locks, pending
from tests.pulumi_processes import left_on

MOMENTS_S: Final = (0.3, 1.5, 3.5)
RIGHT: Final = "value of kept"


def killed(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()


def until_ended(daemon: Daemon) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        items = daemon.ask("/remediations")["items"]
        return next((item for item in items if item["state"] in ("converged", "needs_human")), None)

    return daemon.until("an end", look)


def assert_whole(things: Things) -> None:
    """Assert that nothing is left behind: no process, lock, plan, secret or broken database."""
    assert left_on(things.stack) == []
    assert (locks(things.stack), pending(things.stack)) == ([], [])
    assert list((things.data_dir / "runs").rglob("plan*")) == []
    assert list(things.canaries()) == []
    with closing(sqlite3.connect(things.data_dir / "trueup.db")) as database:
        assert database.execute("pragma quick_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_killed_at_any_moment_it_updates_at_most_once(things: Things, moment_s: float) -> None:
    settings = things.settings(AUTO)
    with things.serving(settings) as daemon:
        until_verified(daemon)
        things.hack("kept")
        daemon.ask("/stacks/things/scan", {})
        time.sleep(moment_s)
        killed(daemon)
    with things.serving(settings) as daemon:
        ended = until_ended(daemon)
        runs = [run["state"] for run in daemon.ask("/runs")["items"]]
    assert things.updates <= 1
    assert (ended["state"], things.stack.things()["kept"]["value"]) == ("converged", RIGHT)
    # Before the finished one there may be an intent that no runner ever took.
    assert runs in (["finished"], ["finished", "failed"])
    assert_whole(things)


@pytest.mark.parametrize("ends", ["while it is away", "when it is back"])
def test_killed_in_the_middle_of_an_update_it_takes_it_over(things: Things, ends: str) -> None:
    settings, stack = things.settings(AUTO), things.stack
    with things.serving(settings) as daemon:
        until_verified(daemon)
        things.hack("kept")
        stack.while_applying(kept="wait")
        daemon.ask("/stacks/things/scan", {})
        daemon.until("the update being at it", lambda: stack.is_waiting)
        killed(daemon)
    if ends == "while it is away":
        stack.while_applying(kept=None)
        assert left_on(stack) == []
    with things.serving(settings) as daemon:
        if ends == "when it is back":
            time.sleep(2)
            assert [run["state"] for run in daemon.ask("/runs")["items"]] == ["started"]
            stack.while_applying(kept=None)
        ended = until_ended(daemon)
        (run,) = daemon.ask("/runs")["items"]
    assert ended["state"] == "converged"
    assert (run["state"], run["exit_code"]) == ("finished", 0)
    assert stack.things()["kept"]["value"] == RIGHT
    assert things.updates == 1
    assert_whole(things)
