"""`trueup.toml` changed under a running daemon: the state of the API tells what is in force."""

from __future__ import annotations

import signal
from typing import Any

from tests.daemon import Daemon, RefusedError
from tests.e2e.lone_daemon import LoneDaemon


def stacks_of(daemon: Daemon) -> dict[str, float]:
    """Return the interval of each stack."""
    return {one["name"]: one["interval_s"] for one in daemon.ask("/stacks")["items"]}


def hang_up(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGHUP)


def audited(daemon: Daemon, action: str) -> list[dict[str, Any]]:
    """Return what the audit has of `action`, newest first."""
    found = daemon.ask("/audit?subject=trueup.toml")["items"]
    return [one for one in found if one["action"] == action]


def test_intervals_change_and_stacks_come_and_go_without_a_restart(lone: LoneDaemon) -> None:
    for name in ("web", "db"):
        lone.stack(name)
    lone.settings({"web": 'interval = "1h"'})
    with lone.serving() as daemon:
        assert stacks_of(daemon) == {"web": 3600}
        lone.settings({"web": 'interval = "30m"', "db": ""}, daemon="plugin_memory = '1GiB'")
        hang_up(daemon)
        daemon.until("the second stack", lambda: "db" in stacks_of(daemon))
        assert stacks_of(daemon) == {"web": 1800, "db": 900}
        daemon.until("a scan of it", lambda: daemon.ask("/stacks/db")["last_scan_at"])
        (told,) = daemon.until("the audit", lambda: audited(daemon, "settings.reloaded"))
        assert told["details"] == {
            "taken": ['stack "db": added', 'stack "web": interval'],
            "needs_restart": ["daemon.plugin_memory"],
        }
        assert (told["actor"], told["actor_kind"]) == ("trueup", "system")
        lone.settings({"db": ""})
        answer = daemon.ask("/reload", {})
        assert answer == {"taken": ['stack "web": removed'], "needs_restart": [], "notes": []}
        assert stacks_of(daemon) == {"db": 900}
        assert audited(daemon, "settings.reloaded")[0]["actor"] == "admin"


def test_a_broken_file_is_refused_as_a_whole_with_its_line(lone: LoneDaemon) -> None:
    lone.stack("web")
    lone.settings({"web": 'interval = "1h"'})
    with lone.serving() as daemon:
        lone.settings({"web": 'interval = "30m"\nintervall = "5m"'})
        line = 1 + lone.settings_file.read_text().splitlines().index('intervall = "5m"')
        try:
            daemon.ask("/reload", {})
            refused = {}
        except RefusedError as error:
            refused = {"status": error.status, **error.problem}
        assert refused["status"] == 422
        assert f"{lone.settings_file}:{line}: unknown key" in refused["detail"]
        assert "'interval'" in refused["detail"]
        assert refused["remedy"].startswith("valid keys here: ")
        assert stacks_of(daemon) == {"web": 3600}
        hang_up(daemon)
        daemon.until("the second refusal", lambda: len(audited(daemon, "settings.refused")) == 2)
        assert stacks_of(daemon) == {"web": 3600}
        daemon.until("its log", lambda: any("settings_refused" in one for one in daemon.lines))


def test_a_file_that_is_gone_removes_no_stack(lone: LoneDaemon) -> None:
    lone.stack("web")
    settings = lone.settings({"web": 'interval = "1h"'})
    with lone.serving(find_settings=True) as daemon:
        settings.unlink()
        hang_up(daemon)
        (told,) = daemon.until("the refusal", lambda: audited(daemon, "settings.refused"))
        assert str(settings) in told["details"]["reason"]
        assert stacks_of(daemon) == {"web": 3600}
