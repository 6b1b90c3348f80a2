from __future__ import annotations

import pytest

from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.manual_review import GUARD
from tests.unit.engine.admission.situations import Case
from tests.unit.engine.admission.situations import situation as made

ASKS = NeedsApproval("policy requires approval")
REVIEW = ActionType.MANUAL_REVIEW

CASES = [
    Case("a policy corrects", made(), Open()),
    Case("a policy asks", made(about={"action_type": REVIEW}), ASKS),
    Case(
        "a person asks",
        made(about={"action_type": REVIEW, "policy_id": None}),
        NeedsApproval("a requested correction requires approval"),
    ),
    Case("a release", made(about={"action_type": ActionType.RELEASE}), Open()),
    Case("a quarantine", made(about={"action_type": ActionType.QUARANTINE}), ASKS),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_person_decides_about_what_no_policy_corrects(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
