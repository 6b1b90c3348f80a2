from __future__ import annotations

import pytest

from reconciler.domain.guardrails import Guardrails, Mode
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, NeedsApproval, Open
from reconciler.engine.admission.guards.mode import GUARD
from tests.unit.engine.admission.situations import Case
from tests.unit.engine.admission.situations import situation as made

OBSERVE, APPROVE = Guardrails(mode=Mode.OBSERVE), Guardrails(mode=Mode.APPROVE)
WATCHED = Hold("a guardrail sets `mode = observe`: it would be corrected, and is not")

CASES = [
    Case("auto", made(), Open()),
    Case("observed before a plan", made(RemediationState.DECIDED, limits=OBSERVE), WATCHED),
    Case("observed", made(limits=OBSERVE), WATCHED),
    Case("a person asked", made(limits=OBSERVE, about={"policy_id": None}), Open()),
    Case("approve", made(limits=APPROVE), NeedsApproval("a guardrail sets `mode = approve`")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_observed_is_not_corrected(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
