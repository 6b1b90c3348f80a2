from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.records import Hold as Pulled
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.kill_switch import GUARD
from tests.unit.engine.admission.situations import MINUTE, NOW, Case, approval
from tests.unit.engine.admission.situations import situation as made

PULLED = Pulled(by="ann", reason="release day", since=NOW - MINUTE)
WHY = "ann put all corrections on hold: release day"

CASES = [
    Case("no hold", made(), Open()),
    Case("a hold before the plan", made(RemediationState.QUEUED, hold=PULLED), Hold(WHY)),
    Case("a hold before the apply", made(hold=PULLED), Hold(WHY)),
    Case(
        "a hold of a plan that was approved",
        made(hold=PULLED, about={"approvals": (approval(),)}),
        Hold(WHY),
    ),
    Case(
        "a hold with an end",
        made(hold=replace(PULLED, until=NOW + MINUTE)),
        Hold(WHY, NOW + MINUTE),
    ),
    Case("a hold whose time has passed", made(hold=replace(PULLED, until=NOW)), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_begins_under_a_hold(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
