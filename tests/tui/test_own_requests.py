"""Where somebody else has to approve what a person asked for, the key says so before it is used."""

from __future__ import annotations

import pytest

from reconciler.engine import requesting
from tests.client.conftest import Served
from tests.tui.conftest import seated
from tests.unit.engine.house import A, B

_WHY = "you requested this, so somebody else has to approve it"


@pytest.mark.parametrize("page", ["drift", "finding", "approvals", "run"])
async def test_who_asked_for_it_sees_why_the_key_is_off_and_opens_no_dialog(
    page: str, served: Served
) -> None:
    house = served.desk.house
    house.limit(own_approval=False)
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("C")
        await seat.until("requested: 1")
        await seat.worked(lambda: "needs approval" in seat.screen)
        keys = {"drift": (), "finding": ("enter",), "approvals": ("2",), "run": ("enter", "l")}
        await seat.press(*keys[page])
        await seat.press("A")
        await seat.until(_WHY)
        assert "approve exactly this" not in seat.screen
    assert (await house.the_open()).state == "awaiting_approval"


async def test_of_several_only_the_own_one_is_left_out(served: Served) -> None:
    house = served.desk.house
    house.limit(own_approval=False)
    await house.scan()
    house.world.live |= {A: {"size": 99}, B: {"size": 99}}
    await house.scan()
    reports = {each.address: each.report_id for each in await house.findings()}
    async with seated(served) as seat:
        await seat.until("2 of 2")
        for address, actor in ((A, "bob"), (B, seat.app.session.name)):
            await requesting.request(house.service, reports[address], actor=actor)
        await house.settle()
        await seat.press("2")
        await seat.until("2 of 2")
        await seat.until(lambda: seat.screen.count("needs approval") == 2)
        await seat.press("a", "A")
        await seat.until("1 left out: you requested this")
        await seat.armed()
        await seat.press("y")
        await seat.until("awaiting approval > queued")
    states = {each.requested_by: each.state for each in await house.remediations()}
    assert states.pop("bob") != "awaiting_approval"
    assert [*states.values()] == ["awaiting_approval"]
