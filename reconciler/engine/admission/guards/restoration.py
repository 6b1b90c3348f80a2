"""A plan that does more than put back what was recorded needs a person."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Ask a person where `domain.concerns` has anything to say about the plan."""
    if not situation.concerns:
        return Open()
    return NeedsApproval("; ".join(situation.concerns), about=situation.concerned)


GUARD: Final = Guard("restoration", ask, at=ONCE_PLANNED)
