"""One apply of a stack at a time."""

from __future__ import annotations

from typing import Final

from reconciler.domain.remediation_states import IN_EFFECT
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold while another remediation of the stack is in effect."""
    for other in situation.others:
        if other.state in IN_EFFECT:
            return Hold(f"remediation {other.id} of the stack is {other.state.value}")
    return Open()


GUARD: Final = Guard("stack_busy", ask, at=BEFORE_EFFECT)
