from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.records import Correction, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.fight import GUARD
from tests.unit.engine.admission.situations import MINUTE, NOW, A, B, Case, approval, finding
from tests.unit.engine.admission.situations import situation as made
from tests.unit.engine.house import AUTO, House

OF_A = Correction(RemediationId("c"), (A,), NOW - MINUTE)
OF_BOTH = Correction(RemediationId("c"), (A, B), NOW - MINUTE)
OF_B = Correction(RemediationId("c"), (B,), NOW - MINUTE)
THRICE = (OF_A, OF_A, OF_A)
END = NOW - MINUTE + timedelta(days=1)


def fight(theirs: str = "a writer that its tags do not name", ours: str = "a policy") -> Hold:
    return Hold(
        f"fight over thing.a: {ours} corrected it 3 times within a day, and {theirs} changed it"
        " back; leave it to one of them, or ignore it",
        END,
        about=frozenset({A}),
    )


TAGGED = finding(
    details={"changes": [{"path": "tags", "live": {"aws:autoscaling:groupName": "web"}}]}
)

CASES = [
    Case("never corrected", made(), Open()),
    Case("corrected twice", made(history=(OF_A, OF_A)), Open()),
    Case("corrected three times", made(history=THRICE), fight()),
    Case("both writers are known", made(history=THRICE, findings=(TAGGED,), policy="tags"),
         fight("Auto Scaling group web", "policy 'tags'")),
    Case("corrected with others", made(history=(OF_A, OF_BOTH, OF_A)), fight()),
    Case("another was corrected", made(history=(OF_B, OF_B, OF_B)), Open()),
    Case("fights are not looked for", made(history=THRICE, limits=Guardrails(fights=0)), Open()),
    Case("a person asked", made(about={"policy_id": None}, history=THRICE), Open()),
    Case("a person approved it", made(about={"approvals": (approval(),)}, history=THRICE), Open()),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fight_is_a_persons_to_end(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer


async def test_the_fourth_correction_within_a_day_is_held_and_named_a_fight(house: House) -> None:
    await house.put(AUTO)
    house.limit(stack_per_day=9)

    async def drifts() -> None:
        house.world.live[A] = {"size": 9}
        await house.scan(minutes=1)
        await house.scan(seconds=31)

    for _ in range(3):
        await drifts()
        assert house.world.live[A] == {"size": 1}
    await drifts()
    waiting = await house.the_open()
    assert (waiting.state, waiting.guard) == (RemediationState.HELD, "fight")
    assert waiting.hold_reason is not None
    assert "policy 'auto' corrected it 3 times" in waiting.hold_reason
    assert waiting.hold_until is not None
    assert len(house.world.effects) == 3
    await house.later(hours=1)
    assert house.world.live[A] == {"size": 9}
    await house.later(days=1)
    assert house.world.live[A] == {"size": 1}
