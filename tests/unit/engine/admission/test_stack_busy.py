from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.phases import IN_EFFECT, Phase
from reconciler.domain.records import RemediationId
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.stack_busy import GUARD
from tests.unit.engine.admission.situations import Case, remediation
from tests.unit.engine.admission.situations import situation as made

OTHER = replace(remediation(), id=RemediationId("other"))

CASES = [
    Case("alone", made(), Open()),
    *(
        Case(
            f"another is {phase.value}",
            made(others=(replace(OTHER, phase=phase),)),
            Hold(f"remediation other of the stack is {phase.value}")
            if phase in IN_EFFECT
            else Open(),
        )
        for phase in (*sorted(IN_EFFECT), Phase.QUEUED, Phase.PLANNING, Phase.NEEDS_HUMAN)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_apply_of_a_stack_at_a_time(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
