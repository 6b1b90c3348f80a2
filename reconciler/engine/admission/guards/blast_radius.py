"""A plan that touches much of a stack is a person's to look at."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation

SMALL_STACK: Final = 20
"""In a stack of fewer resources a share says nothing: one of three is a third of it."""


def ask(situation: Situation) -> Answer:
    """Ask a person where a plan changes more resources than `max_resources`, or `max_percent`."""
    if not situation.unasked or situation.plan is None:
        return Open()
    limits, touched = situation.limits, len(situation.plan.resources)
    if touched > limits.max_resources:
        return NeedsApproval(
            f"the plan changes {touched} resources, and {limits.max_resources} is the limit"
        )
    counts = situation.stack.counts if situation.stack else None
    whole = counts.resources if counts else 0
    if whole >= SMALL_STACK and touched * 100 > whole * limits.max_percent:
        return NeedsApproval(
            f"the plan changes {touched} of the stack's {whole} resources,"
            f" and {limits.max_percent} % is the limit"
        )
    return Open()


GUARD: Final = Guard("blast_radius", ask, at=ONCE_PLANNED)
