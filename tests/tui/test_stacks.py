"""The stacks: the drift that each is said to have."""

from __future__ import annotations

from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tui.screens.stacks import StacksPage


def drift_of_shop(seat: Seat) -> int:
    page = seat.app.front
    assert isinstance(page, StacksPage)
    found = page.rows()["shop"].findings
    return found.critical + found.high + found.medium + found.low


async def test_while_the_lists_are_read_the_drift_is_what_the_daemon_said(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.press("5")
        await seat.until("5 Stacks")
        session = seat.app.session
        session.pump.loaded = False
        session.store.rows.popitem()
        session.store.counts._by_stack_at = float("-inf")
        assert drift_of_shop(seat) == 2


async def test_what_changed_just_after_a_count_is_counted(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.press("5")
        await seat.until("5 Stacks")
        assert drift_of_shop(seat) == 2
        page, store = seat.app.front, seat.app.session.store
        assert isinstance(page, StacksPage)
        page.show()
        store.rows.popitem()
        page._count_again()
        assert drift_of_shop(seat) == 1
