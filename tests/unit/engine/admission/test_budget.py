from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.domain.activity import Activity
from reconciler.domain.guardrails import Guardrails
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.budget import GUARD
from tests.unit.engine.admission.situations import Case, approval
from tests.unit.engine.admission.situations import situation as made

MIDNIGHT = datetime(2026, 11, 29, tzinfo=UTC)

CASES = [
    Case("nothing yet", made(), Open()),
    Case("two of the stack", made(activity=Activity(in_stack_today=2, today=19)), Open()),
    Case(
        "three of the stack",
        made(activity=Activity(in_stack_today=3, today=3)),
        Hold("3 corrections of the stack a day without approval are the limit", MIDNIGHT),
    ),
    Case(
        "twenty of all",
        made(activity=Activity(in_stack_today=1, today=20)),
        Hold("20 corrections of all stacks a day without approval are the limit", MIDNIGHT),
    ),
    Case(
        "a larger budget",
        made(activity=Activity(in_stack_today=3), limits=Guardrails(stack_per_day=4)),
        Open(),
    ),
    Case(
        "a person approved it",
        made(activity=Activity(in_stack_today=3), about={"approvals": (approval(),)}),
        Open(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_only_so_much_a_day_is_corrected_unasked(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
