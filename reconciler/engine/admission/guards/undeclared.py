"""No plan undoes what no code declares, so none is made for it."""

from __future__ import annotations

from typing import Final

from reconciler.domain.model import Origin
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation

WHY: Final = (
    "no plan acts on it, since no code declares it: `trueup accept` keeps it as it is,"
    " `trueup declare` prints the code that would decide it, or undo it by hand"
)


def ask(situation: Situation) -> Answer:
    """Ask a person, before any plan, about what no plan would act on."""
    without_plan = frozenset(
        record.address for record in situation.findings if record.origin is Origin.UNDECLARED
    )
    if not without_plan:
        return Open()
    return NeedsApproval(WHY, before_plan=True, about=without_plan)


GUARD: Final = Guard("undeclared", ask)
