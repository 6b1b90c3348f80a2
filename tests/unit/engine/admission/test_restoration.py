from __future__ import annotations

import pytest

from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.restoration import GUARD
from tests.unit.engine.admission.situations import B, Case
from tests.unit.engine.admission.situations import situation as made

CASES = [
    Case("it only puts back", made(), Open()),
    Case("one concern", made(concerns=("b goes",)), NeedsApproval("b goes")),
    Case(
        "one concern of two findings",
        made(concerns=("b goes",), concerned=frozenset({B})),
        NeedsApproval("b goes", about=frozenset({B})),
    ),
    Case("several", made(concerns=("b goes", "c too")), NeedsApproval("b goes; c too")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_plan_that_does_more_than_put_back_needs_a_person(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
