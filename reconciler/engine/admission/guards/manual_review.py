"""What no policy corrects by itself is a person's to decide."""

from __future__ import annotations

from typing import Final

from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Ask a person about every plan that is not for an `auto_correct`, and releases nothing."""
    if situation.remediation.action_type in (ActionType.AUTO_CORRECT, ActionType.RELEASE):
        return Open()
    asked_by_policy = situation.remediation.policy_id is not None
    return NeedsApproval(
        "policy requires approval"
        if asked_by_policy
        else "a requested correction requires approval"
    )


GUARD: Final = Guard("manual_review", ask, at=ONCE_PLANNED)
