"""What a daemon that is not one may hold, for tests of several commands."""

from __future__ import annotations

from typing import Any

from tests.unit.cli import objects as api
from tests.unit.cli.fake_daemon import FakeDaemon

HOSTILE = "a\x1b[2Jb\u202ec\nd"
"""Text from a cloud that would command the terminal."""


def fleet(daemon: FakeDaemon, *stacks: dict[str, Any], hold: Any = None) -> None:
    """Have these stacks, and nothing going on."""
    daemon.has("GET /hold", {"hold": hold})
    daemon.lists("/stacks", list(stacks), key="name")
    daemon.lists("/remediations", [])


def shown_finding(daemon: FakeDaemon, **more: Any) -> None:
    """Have one finding, with its history and a remediation that waits."""
    finding = api.finding(**more)
    daemon.lists("/findings", [finding])
    daemon.has("GET /drift/reports", {"items": [api.report()], "next": None})
    daemon.lists("/remediations", [api.remediation(note="waits for a yes")])
