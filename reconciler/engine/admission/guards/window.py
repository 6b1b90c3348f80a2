"""Corrections begin when people are there to see them, and never in a freeze."""

from __future__ import annotations

from typing import Final

from reconciler.domain.windows import closed_at
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold outside of every window and within a freeze, whoever asked for the correction."""
    limits = situation.limits
    if not limits.windows and not limits.freezes:
        return Open()
    closed = closed_at(situation.now, windows=limits.windows, freezes=limits.freezes)
    return Open() if closed is None else Hold(closed.reason, closed.until)


GUARD: Final = Guard("window", ask, at=BEFORE_EFFECT)
