"""What was just decided stands in its row until the daemon has told what came of it."""

from __future__ import annotations

from tests.client.conftest import Served
from tests.tui.conftest import seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tui.screens.approvals import ApprovalsPage


async def test_a_request_is_shown_in_its_row_until_the_daemon_has_answered(served: Served) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        served.cable.hold()
        await seat.press("C")
        await seat.until("> requesting")
        served.cable.let_go()
        await seat.until("requested: 1")
        await seat.worked(lambda: "needs approval" in seat.screen)
        assert "requesting" not in seat.screen


async def test_an_approval_is_shown_in_the_queue_until_it_is_answered(
    served: Served,
) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("2")
        await seat.until("2 Approvals")
        served.cable.hold()
        await seat.press("A")
        await seat.until("approve exactly this")
        await seat.armed()
        await seat.press("y")
        await seat.until("> approving")
        served.cable.let_go()
        await seat.until(lambda: "> approving" not in seat.screen)


async def test_what_was_just_sent_takes_no_row_out_of_a_filtered_queue(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("2")
        await seat.until("2 Approvals")
        await seat.press("slash", *"needs", "enter")
        await seat.until("2 of 2  /needs")
        served.cable.hold()
        await seat.press("A")
        await seat.until("approve exactly this")
        await seat.armed()
        await seat.press("y")
        await seat.until("> approving")
        page = seat.app.front
        assert isinstance(page, ApprovalsPage)
        page.show()
        await seat.pilot.pause()
        assert "2 of 2  /needs" in seat.screen
        served.cable.let_go()
