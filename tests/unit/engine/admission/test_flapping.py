from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.records import Correction, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.flapping import GUARD
from tests.unit.engine.admission.situations import MINUTE, NOW, A, B, Case, approval, finding
from tests.unit.engine.admission.situations import situation as made
from tests.unit.engine.house import AUTO, House
from tests.unit.engine.house import A as SHOP_A

TIMES = (NOW - 3 * MINUTE, NOW - 2 * MINUTE, NOW - MINUTE)
THRICE = {A: TIMES}
OURS = Correction(RemediationId("c"), (A,), NOW - MINUTE)


def flaps(by: str = "a writer that its tags do not name") -> Hold:
    return Hold(
        "thing.a flaps: it drifted and healed without a correction 3 times within a day, by"
        f" {by}; find it, or ignore the drift",
        TIMES[0] + timedelta(days=1),
        about=frozenset({A}),
    )


TAGGED = finding(
    details={"changes": [{"path": "tags", "live": {"aws:autoscaling:groupName": "web"}}]}
)
CASES = [
    Case("never healed", made(), Open()),
    Case("healed twice", made(healed={A: TIMES[:2]}), Open()),
    Case("healed three times", made(healed=THRICE), flaps()),
    Case("its writer is known", made(healed=THRICE, findings=(TAGGED,)),
         flaps("Auto Scaling group web")),
    Case("one of them was a correction", made(healed=THRICE, history=(OURS,)), Open()),
    Case("another heals", made(healed={B: TIMES}), Open()),
    Case("it is not looked for", made(healed=THRICE, limits=Guardrails(flaps=0)), Open()),
    Case("a person asked", made(about={"policy_id": None}, healed=THRICE), Open()),
    Case("a person approved", made(about={"approvals": (approval(),)}, healed=THRICE), Open()),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_heals_by_itself_again_and_again_is_left_alone(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer


async def test_the_fourth_drift_of_a_resource_that_heals_by_itself_is_held(house: House) -> None:
    house.limit(exception=timedelta(), failures=1000)
    await house.put(AUTO)
    declared = house.world.live[SHOP_A]
    for _ in range(3):
        house.world.live[SHOP_A] = {"size": 2}
        await house.scan(seconds=1)
        house.world.live[SHOP_A] = declared
        await house.scan(seconds=1)
    house.world.live[SHOP_A] = {"size": 2}
    await house.scan(seconds=1)
    await house.scan(seconds=40)
    held = await house.the_open()
    assert (held.state, held.guard) == (RemediationState.HELD, "flapping")
    assert house.world.effects == []
