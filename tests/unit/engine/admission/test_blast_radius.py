from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.model import Counts, ResourceAddress
from reconciler.domain.plan import Plan
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.blast_radius import GUARD
from reconciler.engine.admission.situation import Situation
from tests.unit.engine.admission.situations import Case, approval, plan, planned, stack
from tests.unit.engine.admission.situations import situation as made


def touching(count: int) -> Plan:
    return plan(*(planned(ResourceAddress(f"thing.{number}")) for number in range(count)))


def among(whole: int, count: int, **parts: Any) -> Situation:
    counts = Counts(whole, whole, 0, 0, 0, 0, 0, 0)
    return made(plan=touching(count), stack=stack(counts=counts), **parts)


CASES = [
    Case("as many as may be", made(plan=touching(5)), Open()),
    Case(
        "one more",
        made(plan=touching(6)),
        NeedsApproval("the plan changes 6 resources, and 5 is the limit"),
    ),
    Case("a share of a small stack says nothing", among(19, 5), Open()),
    Case("exactly the share", among(20, 2), Open()),
    Case(
        "more than the share",
        among(29, 3),
        NeedsApproval("the plan changes 3 of the stack's 29 resources, and 10 % is the limit"),
    ),
    Case("a wider share", among(20, 5, limits=Guardrails(max_percent=100)), Open()),
    Case("a person approved it", among(20, 9, about={"approvals": (approval(),)}), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_plan_that_touches_much_asks_a_person(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
