"""A quarantine waits for the version that can do it."""

from __future__ import annotations

from typing import Final

from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation, Stage

NO_QUARANTINE: Final = "quarantine is not available in this version"


def ask(situation: Situation) -> Answer:
    """Ask a person instead of making a plan, which would correct the resource."""
    if situation.remediation.action_type is not ActionType.QUARANTINE:
        return Open()
    return NeedsApproval(NO_QUARANTINE, before_plan=True)


GUARD: Final = Guard("quarantine", ask, at=frozenset({Stage.QUEUE, Stage.APPLY}))
