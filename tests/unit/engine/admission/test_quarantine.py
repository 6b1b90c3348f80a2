from __future__ import annotations

import pytest

from reconciler.domain.policy import ActionType
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.quarantine import GUARD
from tests.unit.engine.admission.situations import Case
from tests.unit.engine.admission.situations import situation as made

QUARANTINE = {"action_type": ActionType.QUARANTINE}
ASKS = NeedsApproval("quarantine is not available in this version", before_plan=True)

CASES = [
    Case("a correction", made(RemediationState.DECIDED), Open()),
    Case(
        "a review",
        made(RemediationState.DECIDED, about={"action_type": ActionType.MANUAL_REVIEW}),
        Open(),
    ),
    Case("a quarantine is not planned", made(RemediationState.DECIDED, about=QUARANTINE), ASKS),
    Case("a quarantine is not applied", made(about=QUARANTINE), ASKS),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_quarantine_waits(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
