"""An approval is for one plan; another plan needs another."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Ask again where somebody approved a plan, even if a policy would allow the new one.

    Also where there is a reason to look at it that whoever approved it was not shown.
    """
    if situation.unapproved:
        return NeedsApproval(f"since it was approved: {'; '.join(situation.unapproved)}")
    if not situation.remediation.approvals:
        return Open()
    return NeedsApproval("the plan changed after it was approved; approve the new one")


GUARD: Final = Guard("approved_plan", ask, at=ONCE_PLANNED)
