"""The soak of agents, small: the daemon and the agent are killed while reports come in."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.lone_daemon import LoneDaemon
from tests.e2e.reporting_host import ReportingHost
from tests.soak.agents import agent_loop, daemon_loop


def test_what_was_acknowledged_outlives_kill_9_and_goes_on_from_there(lone: LoneDaemon) -> None:
    assert daemon_loop(lone, count=1_920, kills=1) == 1_920


def test_an_agent_that_is_killed_goes_on_from_there(lone: LoneDaemon, tmp_path: Path) -> None:
    agent_loop(lone, ReportingHost(tmp_path / "web-1"), kills=3, seed=1)
