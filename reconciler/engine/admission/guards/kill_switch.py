"""Nothing begins on what somebody put on hold: everything, a stack or a resource."""

from __future__ import annotations

from typing import Final

from reconciler.domain import records
from reconciler.domain.globs import glob_covers as covers
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold until the hold is released or its time has passed; the widest one is named."""
    for hold in situation.holds:
        if (
            not hold.unasked
            and not hold.has_ended(now=situation.now)
            and _is_about(hold, situation)
        ):
            held = hold.scope or "all corrections"
            return Hold(f"{hold.by} put {held} on hold: {hold.reason}", hold.until)
    return Open()


def _is_about(hold: records.Hold, situation: Situation) -> bool:
    if hold.stack is None:
        return True
    if hold.stack != situation.remediation.stack:
        return False
    touched = {record.address for record in situation.findings}
    touched |= (
        {resource.address for resource in situation.plan.resources} if situation.plan else set()
    )
    return hold.address is None or any(covers(hold.address, address) for address in touched)


GUARD: Final = Guard("kill_switch", ask, at=BEFORE_EFFECT)
