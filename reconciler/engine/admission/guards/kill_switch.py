"""Nothing begins while all corrections are on hold."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold until the hold is released or its time has passed."""
    hold = situation.hold
    if hold is None or hold.has_ended(now=situation.now):
        return Open()
    return Hold(f"{hold.by} put all corrections on hold: {hold.reason}", hold.until)


GUARD: Final = Guard("kill_switch", ask, at=BEFORE_EFFECT)
