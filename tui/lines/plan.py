"""A plan as lines: what does not survive first, the digest last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.wire.plans import Plan, PlannedResource
from tui.ink import Line, Span, line
from tui.lines.documents import document_lines
from tui.lines.script import script_lines
from tui.lines.values import compared, is_secret, written
from tui.lines.words import ACTIONS, DESTRUCTIVE

_ORDER = tuple(ACTIONS)


def sorted_resources(plan: Plan) -> list[PlannedResource]:
    """Return what would be touched, the worst first."""
    return sorted(plan.resources, key=lambda resource: (_rank(resource.action), resource.address))


def destroys(plan: Plan | None) -> bool:
    """Whether anything that exists would not survive it."""
    return plan is not None and any(found.action in DESTRUCTIVE for found in plan.resources)


def counts_line(plan: Plan) -> Line:
    """Return how many resources meet which action, destroys first."""
    counts = Counter(resource.action for resource in plan.resources)
    spans: list[Span] = []
    for action in sorted(counts, key=_rank):
        word, style = ACTIONS.get(action, (f"? {action}", "critical"))
        spans += [Span(f"{word} {counts[action]}", style), Span("   ")]
    return tuple(spans) or line("nothing would be done")


def plan_lines(
    plan: Plan, *, values: bool = True, counts: bool = True, context: int = 1
) -> Iterator[Line]:
    """Yield the plan; without `values` a line per resource only, `counts` of them above.

    `context` is how many lines are shown around what differs inside a document.
    """
    if counts:
        yield counts_line(plan)
        yield ()
    for resource in sorted_resources(plan):
        word, style = ACTIONS.get(resource.action, (f"? {resource.action}", "critical"))
        yield line((f"{word:<11}", style), (resource.address, "strong"))
        if values:
            yield from _changes(resource, context)
    if plan.script is not None:
        yield from script_lines(plan.script, values=values)
    if plan.outputs:
        yield line(("~ outputs  ", "medium"), ", ".join(plan.outputs))
    yield ()
    yield line(plan.summary)
    for concern in plan.concerns:
        yield line(("! ", "medium"), (concern, "medium"))
    yield line(("digest ", "dim"), plan.digest)


def _changes(resource: PlannedResource, context: int) -> Iterator[Line]:
    for change in resource.changes:
        if is_secret(change.before) or is_secret(change.after):
            yield line(" " * 11, change.path, ("  (sensitive)", "dim"))
            continue
        inside = document_lines(change.before, change.after, indent=" " * 13, context=context)
        if inside is not None:
            yield line(" " * 11, change.path)
            yield from inside
            continue
        before, after = compared(written(change.before), written(change.after))
        yield line(" " * 11, (change.path, ""), "  ", *before, (" -> ", "dim"), *after)


def _rank(action: str) -> int:
    return _ORDER.index(action) if action in _ORDER else -1
