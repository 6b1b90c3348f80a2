from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.records import RemediationId
from reconciler.domain.remediation_states import IN_EFFECT, RemediationState
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.stack_busy import GUARD
from tests.unit.engine.admission.situations import Case, remediation
from tests.unit.engine.admission.situations import situation as made

OTHER = replace(remediation(), id=RemediationId("other"))

CASES = [
    Case("alone", made(), Open()),
    *(
        Case(
            f"another is {state.value}",
            made(others=(replace(OTHER, state=state),)),
            Hold(f"remediation other of the stack is {state.value}")
            if state in IN_EFFECT
            else Open(),
        )
        for state in (
            *sorted(IN_EFFECT),
            RemediationState.QUEUED,
            RemediationState.PLANNING,
            RemediationState.NEEDS_HUMAN,
        )
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_apply_of_a_stack_at_a_time(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
