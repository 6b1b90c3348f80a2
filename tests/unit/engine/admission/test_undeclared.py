from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.model import Kind, Origin
from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.undeclared import GUARD, WHY, WHY_ADDED
from tests.unit.engine.admission.situations import A, B, Case, approval, finding
from tests.unit.engine.admission.situations import situation as made

UNDECLARED = finding(origin=Origin.UNDECLARED)
WITHOUT_PLAN = NeedsApproval(WHY, before_plan=True, about=frozenset({A}))

CASES = [
    Case("a plan undoes it", made(), Open()),
    Case("no code declares it", made(findings=(UNDECLARED,)), WITHOUT_PLAN),
    Case("one of two", made(findings=(finding(B), UNDECLARED)), WITHOUT_PLAN),
    Case(
        "a person asked, and approved",
        made(findings=(UNDECLARED,), about={"policy_id": None, "approvals": (approval(),)}),
        WITHOUT_PLAN,
    ),
    Case(
        "a policy asks for a person anyway",
        made(findings=(UNDECLARED,), about={"action_type": ActionType.MANUAL_REVIEW}),
        WITHOUT_PLAN,
    ),
    Case(
        "a quarantine, whose plan does not act on it",
        made(findings=(UNDECLARED,), about={"action_type": ActionType.QUARANTINE}),
        Open(),
    ),
    Case(
        "an added child, which can be removed",
        made(findings=(finding(origin=Origin.UNDECLARED, kind=Kind.ADDED),)),
        NeedsApproval(WHY_ADDED, about=frozenset({A})),
    ),
    Case(
        "added children are all it is about",
        made(findings=(replace(UNDECLARED, details={"added_as": [f"{A}/rule"]}),)),
        NeedsApproval(WHY_ADDED, about=frozenset({A})),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_plan_is_made_for_what_no_code_declares(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
