from __future__ import annotations

import pytest

from reconciler.engine.admission.admit import admit
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.approved_plan import GUARD
from tests.unit.engine.admission.situations import Case, approval
from tests.unit.engine.admission.situations import situation as made

AGAIN = NeedsApproval("the plan changed after it was approved; approve the new one")

CASES = [
    Case("nobody approved anything", made(), Open()),
    Case("this plan was approved", made(about={"approvals": (approval(),)}), Open()),
    Case(
        "another plan was approved, though a policy would allow this one",
        made(about={"approvals": (approval(digest="other"),)}),
        AGAIN,
    ),
    Case(
        "this plan and an earlier one were approved",
        made(about={"approvals": (approval("bob", "other"), approval())}),
        Open(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_approval_is_for_one_plan(case: Case) -> None:
    assert admit(case.situation, [GUARD]).answer == case.answer
