"""How far a decision reaches: how much of each stack, what does not survive, what fires too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.wire.plans import Plan
from reconciler.wire.remediations import Remediation
from reconciler.wire.stacks import Stack
from tui.ink import Line, Span, line
from tui.lines.words import ACTIONS, counted

_MOST_NAMED: Final = 4


def blast_lines(remediations: Iterable[Remediation], stacks: Mapping[str, Stack]) -> Iterator[Line]:
    """Yield what the plans touch of each stack; of a stack without a scan the size is not known."""
    by_stack: dict[str, list[Remediation]] = {}
    for remediation in remediations:
        if remediation.plan is not None:
            by_stack.setdefault(remediation.stack, []).append(remediation)
    for name, planned in sorted(by_stack.items()):
        yield _share(name, planned, stacks.get(name))
        yield from _fired(planned)


def _share(name: str, planned: Sequence[Remediation], stack: Stack | None) -> Line:
    touched = {resource.address for plan in _plans(planned) for resource in plan.resources}
    total = stack.counts.resources if stack and stack.counts else 0
    if total:
        # A plan may create what is not counted yet.
        percent = min(100 * len(touched) / total, 100)
        size = f"of {total:,} ({_rounded(percent)} %)"
    else:
        size = "of a number that is not known"
    return line(
        ("blast radius  ", "dim"), (counted(len(touched), "resource"), "strong"),
        f" {size} in {name}", *_counts(planned),
    )  # fmt: skip


def _rounded(percent: float) -> str:
    return "less than 1" if 0 < percent < 1 else f"{percent:.0f}"


def _counts(planned: Sequence[Remediation]) -> Iterator[Span]:
    counts: Counter[str] = Counter(
        resource.action for plan in _plans(planned) for resource in plan.resources
    )
    for action in ACTIONS:
        if counts[action]:
            word, style = ACTIONS[action]
            yield Span("   ")
            yield Span(f"{word} {counts[action]}", style)


def _fired(planned: Sequence[Remediation]) -> Iterator[Line]:
    """Yield what is changed beside what drifted: it depends on that, or is invoked by it."""
    targets = {target for plan in _plans(planned) for target in plan.targets}
    fired = sorted(
        {
            resource.address
            for plan in _plans(planned)
            for resource in plan.resources
            if resource.address not in targets
        }
    )
    outputs = sorted({name for plan in _plans(planned) for name in plan.outputs})
    if fired:
        yield line(("fires too     ", "dim"), (_named(fired), "medium"))
    for script in sorted({plan.script.name for plan in _plans(planned) if plan.script}):
        yield line(("script        ", "dim"), (script, "medium"),
                   "  what it changes stands in no plan")  # fmt: skip
    if outputs:
        yield line(("outputs       ", "dim"), (_named(outputs), "medium"))


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _plans(planned: Sequence[Remediation]) -> Iterator[Plan]:
    return (remediation.plan for remediation in planned if remediation.plan is not None)
