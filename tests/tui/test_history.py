"""The history of a finding: who asked for each remediation, and who decided about it."""

from __future__ import annotations

from reconciler.engine import decisions
from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A


async def _history(seat: Seat) -> None:
    await seat.until("1 of 1")
    await seat.press("enter")
    await seat.until("declared = recorded")
    await seat.press("shift+tab", "shift+tab")


async def test_a_rejection_names_who_rejected_and_who_asked(served: Served) -> None:
    await drifted(served)
    house = served.desk.house
    waiting = await house.the_open()
    await decisions.reject(house.service, waiting.id, reason="let it be", actor="ana")
    async with seated(served, size=(160, 50)) as seat:
        await _history(seat)
        seen = await seat.until(f"{waiting.id[:12]}  by ana  asked for by policy  let it be")
        assert "x rejected" in seen


async def test_a_correction_names_who_approved_it_and_who_asked(served: Served) -> None:
    await drifted(served)
    house = served.desk.house
    waiting = await house.the_open()
    assert waiting.plan_digest is not None
    async with seated(served, size=(160, 50)) as seat:
        await _history(seat)
        await seat.until(f"{waiting.id[:12]}  asked for by policy")
        digest = waiting.plan_digest
        await decisions.approve(house.service, waiting.id, actor="ana", plan_digest=digest)
        await seat.until(f"{waiting.id[:12]}  approved by ana  asked for by policy")
        house.clock.move(seconds=1)
        await seat.worked(lambda: "v converged" in seat.screen)
        assert "approved by ana" in seat.screen
    assert house.world.live[A] == {"size": 1}
