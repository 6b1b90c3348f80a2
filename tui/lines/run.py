"""A remediation and its run as lines: what runs on top, then how each resource ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from reconciler.wire.remediations import Remediation
from reconciler.wire.runs import LogLine, Run
from tui.ages import ahead, clock, length
from tui.ink import Line, Span, line
from tui.lines.plan import counts_line
from tui.lines.words import counted, remediation_span, state_span

_ORDER: Final = ("failed", "creating", "updating", "deleting", "pending", "done")
_STILL: Final = frozenset({"pending", "done", "failed"})
_WALK: Final = ("awaiting_approval", "queued", "planning", "applying", "verifying", "converged")


def walk_line(remediation: Remediation) -> Line:
    """Return the way from approval to converged, and where on it the remediation is."""
    state = remediation.state
    if state not in _WALK:
        return (remediation_span(state, remediation.action_type),)
    end = remediation_span("converged", remediation.action_type).text.partition(" ")[2]
    spans: list[Span] = []
    at = _WALK.index(state)
    for place, name in enumerate(_WALK):
        style = "good" if place < at or state == "converged" else "busy" if place == at else "dim"
        style = f"{style}.strong" if place == at else style
        spans += [
            Span(end if name == "converged" else name.replace("_", " "), style),
            Span(" > " if place < len(_WALK) - 1 else ""),
        ]
    return tuple(spans)


def remediation_lines(
    remediation: Remediation, run: Run | None, steps: Mapping[str, float] | None = None
) -> Iterator[Line]:
    """Yield where a remediation stands; `steps` as for `run_lines`."""
    yield line((remediation.stack, "strong"), "  ", _asked_for(remediation))
    yield walk_line(remediation)
    if remediation.note:
        done = remediation.state == "converged"
        yield line((remediation.note, "good" if done else "medium"))
    if remediation.hold is not None:
        until = ahead(remediation.hold.until)
        left = f" for {until}" if until else ""
        yield line(("held: ", "medium"), remediation.hold.reason, left)
    if remediation.plan is not None:
        yield counts_line(remediation.plan)
    if run is not None:
        yield ()
        yield from run_lines(run, steps)


def _asked_for(remediation: Remediation) -> str:
    action = remediation.action_type.replace("_", " ")
    tries = f", attempt {remediation.attempts}" if remediation.attempts else ""
    return f"{action}, asked for by {remediation.requested_by}{tries}"


def run_lines(run: Run, steps: Mapping[str, float] | None = None) -> Iterator[Line]:
    """Yield how a run gets on: failures and what is under way first.

    `steps` are the moments of a monotonic clock at which resources came to their step.
    """
    ended = run.ended_at or datetime.now(UTC)
    took = length(int((ended - run.started_at).total_seconds()))
    done = sum(step == "done" for step in run.progress.values())
    yield line(
        state_span(run.state), f"  {done} of {counted(len(run.progress), 'resource')}  ", took,
        (f"  exit {run.exit_code}" if run.exit_code is not None else "", "dim"),
    )  # fmt: skip
    yield line((f"run {run.id[:12]}  since {clock(run.started_at)}", "dim"))
    if run.summary:
        yield line(run.summary)
    for address, step in sorted(run.progress.items(), key=_place):
        since = (steps or {}).get(address) if step not in _STILL else None
        took = "" if since is None else length(int(time.monotonic() - since))
        shown = state_span(step)
        yield line("  ", Span(f"{shown.text:<12} ", shown.style), address, (f"  {took}", "dim"))


def _place(item: tuple[str, str]) -> tuple[int, str]:
    address, step = item
    return (_ORDER.index(step) if step in _ORDER else -1), address


def log_lines(items: Iterable[LogLine]) -> Iterator[Line]:
    """Yield the output of a run; errors stand out."""
    for item in items:
        text = item.text
        style = "high" if item.step == "failed" or text.lstrip("│ ").startswith("Error") else ""
        yield line((text, style))
