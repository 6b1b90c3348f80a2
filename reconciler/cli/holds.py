"""What is on hold, as several commands show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.cli.ages import absolute
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import text_of, wrapped
from reconciler.wire import models as wire


def holds_of(state: wire.HoldState) -> Sequence[wire.Hold]:
    """Return every hold of an answer; an older daemon knows only the one on everything."""
    return state.holds or [hold for hold in (state.hold,) if hold is not None]


def hold_lines(invocation: Invocation, holds: Iterable[wire.Hold]) -> Iterator[str]:
    """Yield who holds what, since when and why, and how each hold ends."""
    for hold in holds:
        yield from wrapped(_sentence(invocation, hold), indent="", paint=invocation.paint,
                           style="critical")  # fmt: skip
        scope = _scope(hold)
        about = f" of {scope}" if scope else ""
        what = "only what a person approves" if hold.unasked else "nothing"
        command = f"trueup resume {scope}".rstrip()
        yield f"scans go on; {what}{about} is corrected until `{command}`"


def _sentence(invocation: Invocation, hold: wire.Hold) -> str:
    scope = _scope(hold)
    until = f", until {absolute(hold.until)}" if hold.until else ""
    about = f" of {scope}" if scope else ""
    head = f"HOLD{about} by {text_of(hold.by)} {invocation.ago(hold.since)}{until}"
    reason = text_of(hold.reason)
    return f"{head}: {reason}" if reason else head


def _scope(hold: wire.Hold) -> str:
    return "/".join(text_of(part) for part in (hold.stack, hold.address) if part)
