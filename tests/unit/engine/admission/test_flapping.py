from __future__ import annotations

import pytest

from reconciler.domain.policy import ActionType
from reconciler.domain.records import Correction, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.flapping import GUARD
from reconciler.engine.decisions import approve
from tests.unit.engine.admission.situations import NOW, A, B, Case, approval, finding
from tests.unit.engine.admission.situations import situation as made
from tests.unit.engine.house import AUTO, House

OF_A = Correction(RemediationId("c"), (A,), NOW)
OF_BOTH = Correction(RemediationId("c"), (A, B), NOW)
OF_B = Correction(RemediationId("c"), (B,), NOW)
WHY = (
    "thing.a was corrected 3 times within a day and drifted again: something else keeps changing it"
)
ASKS = NeedsApproval(WHY, about=frozenset({A}))

CASES = [
    Case("never corrected", made(), Open()),
    Case("corrected twice", made(history=(OF_A, OF_A)), Open()),
    Case("corrected three times", made(history=(OF_A, OF_A, OF_A)), ASKS),
    Case("corrected with others", made(history=(OF_A, OF_BOTH, OF_A)), ASKS),
    Case("another was corrected", made(history=(OF_B, OF_B, OF_B)), Open()),
    Case(
        "one of two",
        made(findings=(finding(B), finding(A)), history=(OF_A, OF_A, OF_BOTH)),
        ASKS,
    ),
    Case(
        "a person asked",
        made(about={"policy_id": None}, history=(OF_A, OF_A, OF_A)),
        Open(),
    ),
    Case(
        "a person will look at it",
        made(about={"action_type": ActionType.MANUAL_REVIEW}, history=(OF_A, OF_A, OF_A)),
        Open(),
    ),
    Case(
        "a person approved it",
        made(about={"approvals": (approval(),)}, history=(OF_A, OF_A, OF_A)),
        Open(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_flaps_is_a_persons_to_decide(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer


async def test_the_fourth_correction_within_a_day_asks_and_the_next_day_does_not(
    house: House,
) -> None:
    await house.put(AUTO)

    async def drifts() -> None:
        house.world.live[A] = {"size": 9}
        await house.scan(minutes=1)
        await house.scan(seconds=31)

    for _ in range(3):
        await drifts()
        assert house.world.live[A] == {"size": 1}
    await drifts()
    waiting = await house.the_open()
    assert (waiting.state, waiting.guard) == (RemediationState.AWAITING_APPROVAL, "flapping")
    assert waiting.note == WHY
    assert len(house.world.effects) == 3
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    assert house.world.live[A] == {"size": 1}
    house.clock.move(days=1)
    await drifts()
    assert house.world.live[A] == {"size": 1}
