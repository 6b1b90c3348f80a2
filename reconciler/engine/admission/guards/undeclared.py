"""No plan undoes what no code declares, so none is made for it."""

from __future__ import annotations

from typing import Final

from reconciler.domain.details import added_as_of
from reconciler.domain.model import Kind, Origin
from reconciler.domain.records import FindingRecord
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation

WHY: Final = (
    "no plan acts on it, since no code declares it: `trueup accept FINDING --reason WHY` keeps it"
    " as it is, `trueup declare FINDING` prints the code that would decide it, or undo it by hand"
)
WHY_ADDED: Final = "its plan destroys what no code declares: nothing does that unasked"


def ask(situation: Situation) -> Answer:
    """Ask a person, before any plan, about what no plan would act on; a script may act on it."""
    if situation.scripted or situation.remediation.action_type.is_about_edges:
        return Open()  # what it does is not the plan of the drift
    undeclared = [finding for finding in situation.findings if finding.origin is Origin.UNDECLARED]
    without_plan = frozenset(record.address for record in undeclared if not _is_removable(record))
    if without_plan:
        return NeedsApproval(WHY, before_plan=True, about=without_plan)
    if undeclared:
        added = frozenset(record.address for record in undeclared)
        return NeedsApproval(WHY_ADDED, about=added)
    return Open()


def _is_removable(finding: FindingRecord) -> bool:
    """Whether added children are all it is about, so that a plan can destroy them."""
    return finding.kind is Kind.ADDED or bool(added_as_of(finding.details))


GUARD: Final = Guard("undeclared", ask)
