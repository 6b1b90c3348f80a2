"""The signs and words of kinds, severities and states: a glyph, a word and a style each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tui.ink import Span
from tui.store.sent import NO_ANSWER

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.wire.stacks import Stack

_NOT_SCANNED: Final = "embedded"
"""The source of a stack that only an embedding program applies to."""
_CLOCK_SKEW: Final = timedelta(seconds=5)
"""A last scan further ahead was written by a clock that was set back since."""
KINDS: Final = {
    "changed": Span("~ changed", "medium"),
    "missing": Span("- missing", "removed"),
    "unmanaged": Span("+ unmanaged", "info"),
    "added": Span("+ added", "medium"),
    "unreadable": Span("? unreadable", "high"),
}
SEVERITY_SPANS: Final = {
    "critical": Span("!! crit", "critical"),
    "high": Span("! high", "high"),
    "medium": Span("- medium", "medium"),
    "low": Span(". low", "low"),
}
_STATES: Final = {
    "awaiting_approval": ("? needs approval", "mark"),
    "applying": ("> applying", "busy"),
    "verifying": ("> verifying", "busy"),
    "planning": ("> planning", "busy"),
    "queued": (". queued", "busy"),
    "held": ("= held", "medium"),
    "unknown": ("? unknown", "high"),
    "needs_human": ("! needs human", "high"),
    "converged": ("v converged", "good"),
    "failed": ("x failed", "high"),
    "rejected": ("x rejected", "dim"),
    "suppressed": (". ignored", "dim"),
    "started": ("> running", "busy"),
    "finished": ("v finished", "good"),
    "in_doubt": ("? in doubt", "high"),
    "in_sync": ("v in sync", "good"),
    "drifted": ("~ drifted", "medium"),
    "incomplete": ("? incomplete", "high"),
    "error": ("x error", "high"),
    "never_run": (". never read", "dim"),
    "done": ("v done", "good"),
    "pending": (". pending", "dim"),
    "creating": ("> creating", "busy"),
    "updating": ("> updating", "busy"),
    "deleting": ("> deleting", "busy"),
    "quarantined": ("# quarantined", "mark"),
    "not_isolated": ("! not isolated", "critical"),
}
ORIGINS: Final = {
    "out_of_band": "changed outside the code",
    "unapplied": "in the code, not applied",
    "both": "changed outside, and in the code",
    "undeclared": "declared nowhere: no plan would act on it",
}
_ISOLATION: Final = {
    ("converged", "quarantine"): ("# isolated", "mark"),
    ("converged", "release"): ("v released", "good"),
}
"""The drift of what was isolated or released is still there: nothing of it converged."""
PROPOSALS: Final = {
    "auto_correct": Span("~ correct", "busy"),
    "quarantine": Span("# quarantine", "mark"),
    "manual_review": Span("? review", "info"),
    "below": Span(". below", "dim"),
    "observe": Span(". nothing", "dim"),
    "unknown": Span("? not known", "high"),
}
"""What a policy would have done about a finding."""
ACTIONS: Final = {
    "delete": ("- delete", "critical"),
    "replace": ("-+ replace", "critical"),
    "invoke": ("! invoke", "critical"),
    "other": ("? other", "critical"),
    "forget": ("x forget", "medium"),
    "script": ("> script", "medium"),
    "update": ("~ update", "medium"),
    "create": ("+ create", "good"),
}
"""What a plan does with a resource; what does not survive comes first."""

DESTRUCTIVE: Final = frozenset({"delete", "replace", "invoke", "other"})


def kind_span(kind: str) -> Span:
    """Return the kind of a finding as it is drawn."""
    return KINDS.get(kind, Span(f"? {kind}", "high"))


def severity_span(severity: str) -> Span:
    """Return a severity as it is drawn."""
    return SEVERITY_SPANS.get(severity, Span(f"? {severity}", "high"))


def state_span(state: str) -> Span:
    """Return the state of a remediation, a run, a step or a stack as it is drawn."""
    if not state:
        return Span("")
    return Span(*_STATES.get(state, (f". {state.replace('_', ' ')}", "dim")))


def remediation_span(state: str, action: str) -> Span:
    """Return the state of a remediation as it is drawn, by what it does."""
    known = _ISOLATION.get((state, action))
    return Span(*known) if known else state_span(state)


def sent_span(words: str) -> Span:
    """Return what was just sent to the daemon, as it is drawn."""
    return Span(f"? {words}", "high") if words == NO_ANSWER else Span(f"> {words}", "busy")


def health_span(stack: Stack, sent: str, *, now: datetime) -> Span:
    """Return what is known of a stack as it is drawn.

    While it is scanned nobody knows whether it is still in sync; drift that was found stays found.
    """
    if sent == NO_ANSWER:
        return sent_span(sent)
    checking = bool(sent) or is_due(stack, now=now)
    if checking and stack.health in {"never_run", "in_sync"}:
        return Span("? unknown, checking", "busy")
    known = state_span(stack.health)
    return Span(f"{known.text}, checking", known.style) if checking else known


def is_due(stack: Stack, *, now: datetime) -> bool:
    """Whether a scan of a stack is under way, or waits only for its turn.

    Source: `reconciler.domain.cadence.is_due`, by which the daemon chooses.
    """
    if stack.source == _NOT_SCANNED:
        return False
    if stack.next_due_at is None or stack.next_due_at <= now:
        return True
    return stack.last_scan_at is not None and stack.last_scan_at > now + _CLOCK_SKEW


def counted(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
