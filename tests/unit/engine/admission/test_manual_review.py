from __future__ import annotations

import pytest

from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.manual_review import GUARD
from tests.unit.engine.admission.situations import Case
from tests.unit.engine.admission.situations import situation as made

REVIEW = {"action_type": ActionType.MANUAL_REVIEW}
ASKS = NeedsApproval("policy requires approval")

CASES = [
    Case("a policy corrects", made(), Open()),
    Case("a policy asks", made(about=REVIEW), ASKS),
    Case(
        "a person asked for it",
        made(about={**REVIEW, "policy_id": None}),
        NeedsApproval("it requires approval"),
    ),
    Case("a quarantine", made(about={"action_type": ActionType.QUARANTINE}), ASKS),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_person_decides_about_what_no_policy_corrects(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
