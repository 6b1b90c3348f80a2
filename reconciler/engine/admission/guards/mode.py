"""A stack or a policy that is still being watched corrects nothing by itself."""

from __future__ import annotations

from typing import Final

from reconciler.domain.guardrails import Mode
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open
from reconciler.engine.admission.guard import EVERY_STAGE, Guard
from reconciler.engine.admission.situation import Situation, Stage


def ask(situation: Situation) -> Answer:
    """Hold what is only observed, and ask a person where the mode is `approve`."""
    if not situation.unasked:
        return Open()
    match situation.limits.mode:
        case Mode.OBSERVE:
            return Hold("a guardrail sets `mode = observe`: it would be corrected, and is not")
        case Mode.APPROVE:
            return NeedsApproval("a guardrail sets `mode = approve`")
        case Mode.AUTO:
            return Open()


GUARD: Final = Guard("mode", ask, at=EVERY_STAGE - {Stage.CONFIRM})
