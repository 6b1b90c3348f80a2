from __future__ import annotations

import pytest

from reconciler.domain.model import Kind, Origin
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.undeclared import GUARD, WHY, WHY_ADDED
from tests.unit.engine.admission.situations import A, B, Case, finding
from tests.unit.engine.admission.situations import situation as made

UNDECLARED = finding(B, origin=Origin.UNDECLARED)
ADDED = finding(B, origin=Origin.UNDECLARED, kind=Kind.ADDED)

CASES = [
    Case("a plan restores it", made(findings=(finding(A),)), Open()),
    Case(
        "no plan acts on it",
        made(findings=(UNDECLARED,)),
        NeedsApproval(WHY, before_plan=True, about=frozenset({B})),
    ),
    Case(
        "the other need not wait with it",
        made(findings=(finding(A), UNDECLARED)),
        NeedsApproval(WHY, before_plan=True, about=frozenset({B})),
    ),
    Case(
        "an added child has a plan, and no policy lets it be carried out",
        made(findings=(ADDED,)),
        NeedsApproval(WHY_ADDED, about=frozenset({B})),
    ),
    Case(
        "a person asked for it",
        made(findings=(UNDECLARED,), about={"policy_id": None}),
        NeedsApproval(WHY, before_plan=True, about=frozenset({B})),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_no_plan_acts_on_goes_to_a_person(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
