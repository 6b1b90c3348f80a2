"""What is on hold, as several commands show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.cli.ages import absolute
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import text_of, wrapped
from reconciler.domain.globs import glob_covers
from reconciler.domain.values import Json


def holds_of(body: Json) -> Sequence[Json]:
    """Return every hold of an answer; an older daemon knows only the one on everything."""
    return body.get("holds") or [one for one in (body.get("hold"),) if one]


def is_about(hold: Json, finding: Json) -> bool:
    """Whether the hold keeps the finding from being corrected."""
    stack, address = hold.get("stack"), hold.get("address")
    if stack is not None and stack != finding["stack"]:
        return False
    return address is None or glob_covers(address, finding["address"])


def hold_lines(invocation: Invocation, holds: Iterable[Json]) -> Iterator[str]:
    """Yield who holds what, since when and why, and how each hold ends."""
    for hold in holds:
        yield from wrapped(_sentence(invocation, hold), indent="", paint=invocation.paint,
                           style="critical")  # fmt: skip
        scope = _scope(hold)
        about = f" of {scope}" if scope else ""
        what = "only what a person approves" if hold.get("unasked") else "nothing"
        command = f"trueup resume {scope}".rstrip()
        yield f"scans go on; {what}{about} is corrected until `{command}`"


def _sentence(invocation: Invocation, hold: Json) -> str:
    scope = _scope(hold)
    until = f", until {absolute(hold['until'])}" if hold.get("until") else ""
    about = f" of {scope}" if scope else ""
    head = f"HOLD{about} by {text_of(hold['by'])} {invocation.ago(hold['since'])}{until}"
    reason = text_of(hold.get("reason"))
    return f"{head}: {reason}" if reason else head


def _scope(hold: Json) -> str:
    return "/".join(text_of(part) for part in (hold.get("stack"), hold.get("address")) if part)
