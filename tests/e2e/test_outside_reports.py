"""Another system reports to a running daemon, which scans the same stack meanwhile."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from tests.daemon import Daemon, RefusedError
from tests.e2e.lone_daemon import LoneDaemon

RESOURCE = "web/terraform_data.site"


def reporter_of(daemon: Daemon, lone: LoneDaemon) -> Daemon:
    """Return the same daemon as it is asked with the token of a reporting system."""
    file = lone.folder / "ci.token"
    file.write_text(daemon.ask("/tokens", {"name": "ci", "role": "reporter"})["token"])
    # Not made anew: that would read the daemon's words a second time.
    reporter = copy(daemon)
    reporter.token_file = file
    return reporter


def open_findings(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.ask("/findings")["items"]
    return found


def test_what_another_system_reports_outlives_scans_until_it_says_healed(
    lone: LoneDaemon,
) -> None:
    lone.stack("web")
    lone.settings({"web": 'interval = "1h"'})
    with lone.serving() as daemon:
        ci = reporter_of(daemon, lone)
        ci.ask("/drift/reports", {"resource_id": RESOURCE, "severity": "high"})
        daemon.scan("web")
        (finding,) = open_findings(daemon)
        assert (finding["resource_id"], finding["seen_by"]) == (RESOURCE, "report:ci")
        daemon.ask("/drift/reports", {"resource_id": RESOURCE, "healed": True})
        assert len(open_findings(daemon)) == 1
        with pytest.raises(RefusedError) as refused:
            ci.ask("/findings")
        assert refused.value.problem["permission"] == "findings:read"
        ci.ask("/drift/reports", {"resource_id": RESOURCE, "healed": True})
        assert open_findings(daemon) == []
        (entry, *_) = daemon.ask(f"/audit?subject={RESOURCE}")["items"]
        assert (entry["actor"], entry["actor_kind"]) == ("ci", "reporter")
