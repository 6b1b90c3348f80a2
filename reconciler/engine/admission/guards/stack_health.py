"""Nothing is changed in a stack that could not be read."""

from __future__ import annotations

from typing import Final

from reconciler.domain.records import Health
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold while the stack is not registered or its last scan failed."""
    stack = situation.stack
    if stack is None:
        return Hold(f"stack {situation.remediation.stack} is not registered any more")
    if stack.health is Health.ERROR or stack.error is not None:
        return Hold(f"the last scan of the stack failed: {stack.error}")
    return Open()


GUARD: Final = Guard("stack_health", ask, at=BEFORE_EFFECT)
