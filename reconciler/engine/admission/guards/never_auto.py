"""What cannot be taken back, or what everything else stands on, is a person's to change."""

from __future__ import annotations

from typing import Final

from reconciler.domain.plan import Action, PlannedResource
from reconciler.domain.spelling import first_that_meets
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation

_NEVER: Final = {
    Action.DELETE: "deleted",
    Action.REPLACE: "replaced",
    Action.FORGET: "forgotten",
    Action.INVOKE: "invoked",
    Action.OTHER: "changed in a way trueup does not know",
}


def ask(situation: Situation) -> Answer:
    """Ask a person about a deletion, a replacement, and a change of a protected type."""
    if not situation.unasked or situation.plan is None:
        return Open()
    reasons = {
        resource.address: reason
        for resource in situation.plan.resources
        if (reason := _reason(resource, situation)) is not None
    }
    if not reasons:
        return Open()
    return NeedsApproval(next(iter(reasons.values())), about=frozenset(reasons))


def _reason(resource: PlannedResource, situation: Situation) -> str | None:
    if resource.action in _NEVER:
        return f"{resource.address} would be {_NEVER[resource.action]}"
    glob = first_that_meets(situation.limits.protected_types, resource.type)
    return None if glob is None else f"{resource.address} is of a protected type ({glob})"


GUARD: Final = Guard("never_auto", ask, at=ONCE_PLANNED)
