"""What many keys at once do: what they do one by one, on whatever the key before them opened."""

from __future__ import annotations

from textual.events import Paste
from textual.screen import Screen

from tests.client.conftest import Served
from tests.tui.burst import arrive
from tests.tui.conftest import Seat, seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tui.modals.confirm import Confirm
from tui.screens.drift import DriftPage
from tui.screens.finding import FindingPage
from tui.widgets.field import Field


def pages(seat: Seat) -> list[type[Screen[object]]]:
    return [type(screen) for screen in seat.app.screen_stack]


def typed(seat: Seat) -> str:
    return seat.app.screen.query_one(Field).value


async def test_what_enter_opens_is_under_the_dialog_of_the_key_after_it(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        arrive(seat, "\rA")
        await seat.until("approve exactly this")
        assert pages(seat) == [DriftPage, FindingPage, Confirm]


async def test_nothing_opens_over_a_dialog(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        (finding,) = await served.desk.house.findings()
        arrive(seat, "A")
        await seat.until("approve exactly this")
        seat.app.follow("another")
        seat.app.open_finding(finding.id)
        await seat.pilot.pause()
        assert pages(seat) == [DriftPage, Confirm]


async def test_a_key_of_one_page_does_nothing_on_the_next(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        before = await served.desk.house.remediations()
        arrive(seat, "T2")
        await seat.until("2 Approvals")
        arrive(seat, "1")
        await seat.until("1 Drift")
        arrive(seat, "5C1s")
        await seat.until("by kind")
        await seat.pilot.pause()
        assert "requested" not in seat.screen
        assert await served.desk.house.remediations() == before


async def test_the_drift_of_a_stack_is_filtered_before_the_next_key(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        arrive(seat, "/nothing-like-it\r")
        await seat.until("0 of 1")
        arrive(seat, "5\rd")
        await seat.until("declared = recorded")
        arrive(seat, "\x1b")
        await seat.until("1 of 1  /stack:shop")


async def test_a_dialog_takes_arrows_and_tab_typed_with_its_key(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        arrive(seat, ":stacks\r")
        await seat.until("5 Stacks")
        arrive(seat, ":↑")
        await seat.until(lambda: typed(seat) == "stacks")
        arrive(seat, "\x1b:dr\t")
        await seat.until(lambda: typed(seat) == "drift ")
        arrive(seat, "\x1b1i↓\r")
        await seat.until("for 1 day: why?")
        arrive(seat, "\x1by↓\r")
        await seat.until("copied")
        arrive(seat, "?↓x")
        await seat.until(lambda: typed(seat) == "x")


async def test_control_c_with_the_key_of_a_dialog_leaves_it_or_quits(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        arrive(seat, ":x")
        await seat.press("ctrl+c")
        await seat.until("left the dialog")


async def test_keys_after_an_enter_are_no_part_of_what_it_ended(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.until(lambda: seat.screen.count("needs approval") == 2)
        arrive(seat, "/thing.a\rA")
        await seat.until("approve exactly this")
        assert A in seat.screen
        arrive(seat, "\x1b:stacks\rj:drift thing.b\rs")
        await seat.until("1 of 2  /thing.b  by kind")
        arrive(seat, "?drift.reverse\rs")
        await seat.until("by stack reversed")


async def test_what_is_typed_with_the_key_of_a_menu_narrows_it_first(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        arrive(seat, "iweek\rrelease\rs")
        await seat.until("by kind")
        await seat.until("snoozed: 1")
    (finding,) = await served.desk.house.findings()
    assert finding.decision is not None
    assert finding.decision.reason == "release"


async def test_what_is_pasted_stands_where_it_was_pasted(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        arrive(seat, "/th")
        seat.app.post_message(Paste("ing"))
        arrive(seat, ".b\r")
        seat.app.post_message(Paste("R"))
        await seat.until("1 of 2  /thing.b ")
        arrive(seat, ":")
        seat.app.post_message(Paste("drift thing.a"))
        arrive(seat, "\r")
        await seat.until("1 of 2  /thing.a ")
