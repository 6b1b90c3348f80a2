"""As many persons approve a plan as its limits ask for, and where they say so others than asked."""

from __future__ import annotations

from typing import Final

from reconciler.domain.plan import Action
from reconciler.domain.policy import ActionType
from reconciler.domain.records import POLICY
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation

_DELETES: Final = (Action.DELETE, Action.REPLACE)


def ask(situation: Situation) -> Answer:
    """Ask for more than one approval, or one of somebody else, of a plan that needs one at all."""
    if situation.plan is None or not _needs_a_person(situation):
        return Open()
    limits, asked_by = situation.limits, situation.remediation.requested_by
    deletes = any(resource.action in _DELETES for resource in situation.plan.resources)
    count = max(limits.approvals, limits.approvals_to_delete if deletes else 1)
    own = limits.own_approval or asked_by == POLICY
    excluding = () if own else (asked_by,)
    if count == 1 and not excluding:
        return Open()
    others = "" if own else f" of others than {asked_by}"
    persons = "one approval" if count == 1 else f"{count} approvals"
    return NeedsApproval(f"this plan needs {persons}{others}", count=count, excluding=excluding)


def _needs_a_person(situation: Situation) -> bool:
    """Whether a person decides: what a policy alone may correct needs no approval at all."""
    unasked = situation.unasked or situation.remediation.action_type is ActionType.RELEASE
    return not unasked or bool(situation.concerns)


GUARD: Final = Guard("approvers", ask, at=ONCE_PLANNED)
