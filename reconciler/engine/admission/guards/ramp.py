"""A policy that is wrong is wrong in one stack first, and not in all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from reconciler.domain.model import StackName
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation

_WAVES: Final = ((0, 1), (1, 2), (3, 4))
"""From so many stacks that are done on, so many may be at it."""


def ask(situation: Situation) -> Answer:
    """Hold while as many other stacks as may be are corrected by the same policy, or bake."""
    limits, activity = situation.limits, situation.activity
    if not situation.unasked or not limits.bake or not situation.remediation.policy_id:
        return Open()
    stack = situation.remediation.stack
    ends = {name: min(at, situation.now) + limits.bake for name, at in activity.corrected}
    if stack in ends:
        return Open()
    baking = {name: end for name, end in ends.items() if end > situation.now}
    at_it = (activity.under_way | baking.keys()) - {stack}
    most = _allowed(len(ends) - len(baking))
    if len(at_it) < most:
        return Open()
    names = ", ".join(sorted(at_it)[:3])
    return Hold(
        f"the policy corrects {most} stack{'' if most == 1 else 's'} at a time so far: {names}",
        _first_end(baking),
    )


def _allowed(done: int) -> int:
    return next(most for least, most in reversed(_WAVES) if done >= least)


def _first_end(baking: Mapping[StackName, datetime]) -> datetime | None:
    return min(baking.values(), default=None)


GUARD: Final = Guard("ramp", ask, at=BEFORE_EFFECT)
