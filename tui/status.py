"""The first row: where, what is behind it, who, how fresh, and what waits for a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from rich.cells import cell_len

from tui.ages import age
from tui.ink import Line, line, text_of
from tui.session import Session

_ALARM: Final = "alarm"
"""Red on the colour of the row cannot be read: what is wrong has a ground of its own."""


def status_line(session: Session, place: str, *, width: int) -> Line:
    """Return the status of everything in one row.

    Where there is no room for all of it, whole parts are left out, those first that say least.
    """
    return _fitting(list(_parts(session, place)), width)


class _Part(NamedTuple):
    """A piece of the row; where the row is too long, that of the lowest `rank` goes first."""

    rank: int
    spans: Line


def _fitting(parts: list[_Part], width: int) -> Line:
    while len(parts) > 1 and sum(cell_len(text_of(part.spans)) for part in parts) > width:
        parts.remove(min(parts, key=lambda part: part.rank))
    return tuple(span for part in parts for span in part.spans)


def _parts(session: Session, place: str) -> Iterator[_Part]:
    """Yield where this is, what is behind it, who is at it, how fresh it is, and what waits."""
    link, options = session.pump.link, session.options
    yield _Part(8, line((f" {place} ", "strong")))
    if options.environment:
        style = "prod" if options.production else "strong"
        yield _Part(9, line(" ", (f" {options.environment.upper()} ", style)))
    # Who has never reached the daemon needs to see where it is looked for.
    rank = 10 if link.state == "lost" and not link.was_live else 0
    yield _Part(rank, line(f" {urlsplit(session.daemon.url).netloc} {_who(session)}"))
    if options.read_only:
        yield _Part(7, line((" read-only", "strong")))
    words = link.words(time.monotonic())
    current = link.live and not link.unread
    yield _Part(10, line("  ", words if current else (f" {words} ", _ALARM)))
    if session.pump.loaded:
        yield from _fleet(session)
    else:
        # Numbers of what was not read are no numbers.
        progress = f"  loading {session.pump.progress:,}" if link.live else "  not read yet"
        yield _Part(5, line(progress))


def _fleet(session: Session) -> Iterator[_Part]:
    """Yield how the fleet is."""
    store = session.store
    scans = [stack.last_scan_at for stack in store.stacks.values() if stack.last_scan_at]
    if scans:
        yield _Part(1, line(f"  scan {age(min(scans))} ago"))
    yield _Part(4, line(f"  drift {len(store.rows):,}"))
    if critical := store.counts.critical(store.rows, now=time.monotonic()):
        yield _Part(6, line(" ", (f" !! {critical:,} crit ", _ALARM)))
    waiting = sum(each.state == "awaiting_approval" for each in store.remediations.values())
    yield _Part(5 if waiting else 2, line((f"  approvals {waiting}", "strong" if waiting else "")))
    running = sum(run.state == "started" for run in store.runs.values())
    yield _Part(3 if running else 1, line((f"  runs {running}", "strong" if running else "")))
    if store.hold is not None:
        until = store.hold.until
        left = f" for {age(datetime.now(UTC), now=until)}" if until else ""
        yield _Part(7, line("  ", (f" HELD by {store.hold.by}{left} ", _ALARM)))


def _who(session: Session) -> str:
    return f"{session.name} ({session.role})" if session.role else ""
