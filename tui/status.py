"""The first row: where, what is behind it, who, how fresh, and what waits for a person."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from tui.ages import age
from tui.ink import Line, Span
from tui.session import Session

_WIDE: Final = 100
_ALARM: Final = "alarm"
"""Red on the colour of the row cannot be read: what is wrong has a ground of its own."""


def status_line(session: Session, place: str, *, width: int) -> Line:
    """Return the status of everything in one row; a narrow one leaves out where and who."""
    store, link = session.store, session.pump.link
    spans = [Span(f" {place} ", "strong")]
    environment = session.options.environment
    if environment:
        style = "prod" if session.options.production else "strong"
        spans += [Span(" "), Span(f" {environment.upper()} ", style)]
    if width >= _WIDE:
        spans.append(Span(f" {urlsplit(session.daemon.url).netloc} {_who(session)}"))
    elif session.options.read_only:
        spans.append(Span(" read-only", "strong"))
    words = link.words(time.monotonic())
    current = link.live and not link.unread
    spans += [Span("  "), Span(words if current else f" {words} ", "" if current else _ALARM)]
    if not session.pump.loaded:
        # Numbers of what was not read are no numbers.
        progress = session.pump.progress
        spans.append(Span(f"  loading {progress:,}" if link.live else "  not read yet"))
        return tuple(spans)
    scans = [stack.last_scan_at for stack in store.stacks.values() if stack.last_scan_at]
    if scans:
        spans.append(Span(f"  scan {age(min(scans))} ago"))
    waiting = sum(
        remediation.state == "awaiting_approval" for remediation in store.remediations.values()
    )
    running = sum(run.state == "started" for run in store.runs.values())
    spans.append(Span(f"  drift {len(store.rows):,}"))
    if critical := store.counts.critical(store.rows, now=time.monotonic()):
        spans += [Span(" "), Span(f" !! {critical:,} crit ", _ALARM)]
    spans.append(Span(f"  approvals {waiting}", "strong" if waiting else ""))
    spans.append(Span(f"  runs {running}", "strong" if running else ""))
    if store.hold is not None:
        until = store.hold.until
        left = f" for {age(datetime.now(UTC), now=until)}" if until else ""
        spans += [Span("  "), Span(f" HELD by {store.hold.by}{left} ", _ALARM)]
    return tuple(spans)


def _who(session: Session) -> str:
    who = f"{session.name} ({session.role})" if session.role else ""
    return f"{who} read-only".strip() if session.options.read_only else who
