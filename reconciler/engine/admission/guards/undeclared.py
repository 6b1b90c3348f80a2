"""No plan undoes what no code declares, so none is made for it."""

from __future__ import annotations

from typing import Final

from reconciler.domain.model import Kind, Origin
from reconciler.domain.records import FindingRecord
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation

WHY: Final = (
    "no plan acts on it, since no code declares it: `trueup accept` keeps it as it is,"
    " `trueup declare` prints the code that would decide it, or undo it by hand"
)
WHY_ADDED: Final = "its plan destroys what no code declares: nothing does that unasked"


def ask(situation: Situation) -> Answer:
    """Ask a person, before any plan, about what no plan would act on."""
    if any(_is_without_plan(record) for record in situation.findings):
        return NeedsApproval(WHY, before_plan=True)
    if any(record.kind is Kind.ADDED for record in situation.findings):
        return NeedsApproval(WHY_ADDED)
    return Open()


def _is_without_plan(record: FindingRecord) -> bool:
    return record.origin is Origin.UNDECLARED and record.kind is not Kind.ADDED


GUARD: Final = Guard("undeclared", ask)
