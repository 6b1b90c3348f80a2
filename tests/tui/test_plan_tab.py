"""The plan of a finding, from before it is decided about until the drift is gone."""

from __future__ import annotations

from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A

_WAITS = "this plan waits for an approval"
_MADE = "the tool makes its plan"


async def _plan_of_the_first(seat: Seat) -> None:
    await seat.until("needs approval")
    await seat.press("enter")
    await seat.until("declared = recorded")
    await seat.press("p")
    await seat.until(_WAITS)


async def _approve(seat: Seat) -> None:
    await seat.press("A")
    await seat.until("approve exactly this")
    await seat.armed()
    await seat.press("y")
    await seat.until("awaiting approval > queued")


async def test_the_plan_tab_follows_an_approval_until_the_drift_is_gone(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await _plan_of_the_first(seat)
        await _approve(seat)
        await seat.press("escape")
        seen = await seat.until("this is its plan; l follows it")
        assert "~ update" in seen
        assert _MADE not in seen
        served.desk.house.clock.move(seconds=1)
        await seat.worked(lambda: "v healed" in seat.screen)
        await seat.until("no plan: the drift is gone")
        assert _MADE not in seat.screen
        await seat.press("r")
        await seat.until("reading the lists again")
        assert "no plan: the drift is gone" in seat.screen
    assert served.desk.house.world.live[A] == {"size": 1}


async def test_the_plan_tab_is_true_when_the_run_was_followed_to_its_end(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await _plan_of_the_first(seat)
        await _approve(seat)
        served.desk.house.clock.move(seconds=1)
        await seat.worked(lambda: "verified: no drift" in seat.screen)
        await seat.until(lambda: not seat.app.session.store.rows)
        await seat.press("escape")
        seen = await seat.until("no plan: the drift is gone")
        assert "v healed" in seen
        await seat.press("l")
        await seat.until("verified: no drift")


async def test_the_plan_tab_makes_a_preview_once_the_plan_that_waited_is_rejected(
    served: Served,
) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await _plan_of_the_first(seat)
        await seat.press("X", *"wanted", "enter")
        await seat.until("reject")
        await seat.until("a preview; C requests the correction")
    assert [each.state for each in await served.desk.house.remediations()] == ["rejected"]


async def test_a_preview_of_other_drift_than_is_shown_is_made_anew(served: Served) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("p")
        await seat.until("size  99 -> 1")
        house.world.live[A] = {"size": 7}
        await house.scan()
        await seat.until("size  7 -> 1")
