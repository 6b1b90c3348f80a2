"""Incidents that nothing but the daemon ends, and what would have left them open for good."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.e2e.lone_daemon import look_at
from tests.e2e.test_guardrails import NAMES, Fleet
from tests.patience import until
from tests.receivers.http import Pager, Stalled, receiving

pytestmark = pytest.mark.slow


def section(pager: Pager, at: str) -> str:
    url = f"pagerduty+http://{pager.routing_key}@{at}"
    return f'[[channel]]\nname = "pager"\nurl = "{url}"\ngroup_wait = "1s"\n'


def test_a_channel_test_that_was_killed_leaves_no_incident(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    pager = Pager()
    door = Stalled(pager)
    with receiving(door) as at:
        fleet.settings(section(pager, at), interval="1d")
        with fleet.lone.serving() as daemon:
            testing = fleet.trueup.start(
                "--config", fleet.lone.settings_file, "channel", "test", "pager"
            )
            daemon.until("the first message", door.came.is_set)
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
            testing.communicate()
            assert testing.returncode != 0
        door.go.set()
        asyncio.run(until(lambda: len(pager.open) == 1))
        with fleet.lone.serving() as daemon:
            daemon.until("the end of the incident", lambda: not pager.open)
            assert (len(pager.paged), len(pager.resolved)) == (1, 1)
            assert "no alerts" in fleet.run("alert", "list").out


def test_a_stack_that_leaves_the_settings_takes_its_incident_with_it(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    pager = Pager()
    with receiving(pager) as at:
        fleet.settings(section(pager, at), interval="1d")
        with fleet.lone.serving() as daemon:
            daemon.until(
                "the first scans",
                lambda: all(look_at(daemon, name)["health"] == "in_sync" for name in NAMES),
            )
            assert fleet.run("channel", "test", "pager").code == 0
            (fleet.worlds["other"].directory / "world.json").write_text("no JSON")
            daemon.ask("/stacks/other/scan", {})
            daemon.until("the incident", lambda: len(pager.open) == 1)
            fleet.names = ("shop",)
            fleet.settings(section(pager, at), interval="1d")
            daemon.ask("/reload", {})
            daemon.until("the end of the incident", lambda: not pager.open)
            assert len(pager.resolved) == 2, "that of the test, and the stack's"
