from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import Hold as Pulled
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.kill_switch import GUARD
from tests.unit.engine.admission.situations import (
    MINUTE,
    NOW,
    SHOP,
    A,
    B,
    Case,
    approval,
    plan,
    planned,
)
from tests.unit.engine.admission.situations import situation as made

PULLED = Pulled(by="ann", reason="release day", since=NOW - MINUTE)
OF_SHOP = replace(PULLED, stack=SHOP)
OTHER = StackName("other")
WHY = "ann put all corrections on hold: release day"

CASES = [
    Case("no hold", made(), Open()),
    Case("a hold before the plan", made(RemediationState.QUEUED, holds=(PULLED,)), Hold(WHY)),
    Case("a hold before the apply", made(holds=(PULLED,)), Hold(WHY)),
    Case(
        "a hold of a plan that was approved",
        made(holds=(PULLED,), about={"approvals": (approval(),)}),
        Hold(WHY),
    ),
    Case(
        "a hold with an end",
        made(holds=(replace(PULLED, until=NOW + MINUTE),)),
        Hold(WHY, NOW + MINUTE),
    ),
    Case("a hold whose time has passed", made(holds=(replace(PULLED, until=NOW),)), Open()),
    Case("a hold of the stack", made(holds=(OF_SHOP,)), Hold("ann put shop on hold: release day")),
    Case("a hold of another stack", made(holds=(replace(PULLED, stack=OTHER),)), Open()),
    Case(
        "a hold of the resource",
        made(holds=(replace(OF_SHOP, address=A),)),
        Hold("ann put shop/thing.a on hold: release day", about=frozenset({A})),
    ),
    Case(
        "a hold of the module around it",
        made(holds=(replace(OF_SHOP, address=ResourceAddress("thing")),)),
        Hold("ann put shop/thing on hold: release day", about=frozenset({A})),
    ),
    Case("a hold of another resource", made(holds=(replace(OF_SHOP, address=B),)), Open()),
    Case(
        "a hold of what the plan touches too",
        made(holds=(replace(OF_SHOP, address=B),), plan=plan(planned(A), planned(B))),
        Hold("ann put shop/thing.b on hold: release day", about=frozenset({B})),
    ),
    Case("the breaker is another guard's", made(holds=(replace(PULLED, unasked=True),)), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_begins_under_a_hold(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
