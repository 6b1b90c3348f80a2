"""Having a stack scanned anew, and seeing it as that scan left it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.daemon import Daemon


def scanned(daemon: Daemon, stack: str) -> dict[str, Any]:
    """Have the stack scanned, and return it as it is after a scan that began after now.

    One that was under way ends first, and leaves the stack due. What it saw may be older than
    what the test did just before.
    """
    before = daemon.ask(f"/stacks/{stack}")["last_scan_at"]
    daemon.ask(f"/stacks/{stack}/scan", {})

    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = daemon.ask(f"/stacks/{stack}")
        if told["last_scan_at"] == before:
            return None
        last, due = (datetime.fromisoformat(told[one]) for one in ("last_scan_at", "next_due_at"))
        return told if due > last else None

    return daemon.until(f"another scan of {stack}", look)
