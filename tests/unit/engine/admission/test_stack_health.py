from __future__ import annotations

import pytest

from reconciler.domain.records import Health
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.stack_health import GUARD
from tests.unit.engine.admission.situations import Case, stack
from tests.unit.engine.admission.situations import situation as made

FAILED = Hold("the last scan of the stack failed: backend away")

CASES = [
    Case("drifted", made(), Open()),
    Case("a scan was incomplete", made(stack=stack(health=Health.INCOMPLETE)), Open()),
    Case("its scan failed", made(stack=stack(health=Health.ERROR, error="backend away")), FAILED),
    Case(
        "its scan listed too little",
        made(stack=stack(health=Health.INCOMPLETE, error="backend away")),
        FAILED,
    ),
    Case("it is gone", made(stack=None), Hold("stack shop is not registered any more")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_changed_in_a_stack_that_could_not_be_read(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
