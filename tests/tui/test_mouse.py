"""The mouse: a click chooses, a second one opens, the wheel looks, and keys can be clicked."""

from __future__ import annotations

import pytest
from textual import events

from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.unit.engine.house import MANUAL, A, B
from tui.screens.table_page import TablePage
from tui.session import Options
from tui.widgets.document import Document
from tui.widgets.table import LineTable

_MANY = 60
_WIDE = (160, 24)


async def _many_drifted(served: Served) -> None:
    house = served.desk.house
    world = house.world
    for place in range(_MANY):
        for values in (world.declared, world.recorded, world.live):
            values[f"thing.n{place:02}"] = {"size": 1}  # type: ignore[index]
    await house.put(MANUAL)
    await house.scan()
    for place in range(_MANY):
        world.live[f"thing.n{place:02}"] = {"size": 99}  # type: ignore[index]
    await house.scan()


async def _drifted(served: Served) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    for address in (A, B):
        house.world.live[address] = {"size": 99}
    await house.scan()


def _table(seat: Seat) -> LineTable[object]:
    page = seat.app.front
    assert isinstance(page, TablePage)
    return page.table


def _under_cursor(seat: Seat) -> str:
    rows = seat.app.session.store.rows
    return rows[_table(seat).cursor_key].address


async def _wheel(seat: Seat, event: type[events.MouseEvent], times: int) -> None:
    for _ in range(times):
        await seat.pilot._post_mouse_events([event], offset=(10, 10))
    await seat.pilot.pause()


def _lists_read(seat: Seat) -> int:
    """Return how often the lists were read, of which the runs are the last."""
    return [call.path for call in seat.app.session.calls.noted()].count("/runs")


async def test_a_click_chooses_a_row_and_only_a_second_one_opens_it(served: Served) -> None:
    await _drifted(served)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.until("needs approval")
        for address in (B, A):
            await seat.pilot.click(offset=seat.where(address))
            assert _under_cursor(seat) == address
            assert len(seat.app.screen_stack) == 1
        await seat.pilot.click(offset=seat.where(B), times=2)
        await seat.until("declared")
        assert B in seat.screen
        assert A not in seat.screen


async def test_the_wheel_looks_further_and_chooses_nothing_else(served: Served) -> None:
    await _many_drifted(served)
    async with seated(served) as seat:
        await seat.until(f"{_MANY} of {_MANY}")
        chosen = _under_cursor(seat)
        table = _table(seat)
        await _wheel(seat, events.MouseScrollDown, 8)
        top = table.scroll_offset.y
        assert top > 0
        assert _under_cursor(seat) == chosen
        # What is read anew meanwhile leaves the view where the wheel brought it.
        lists = _lists_read(seat)
        await seat.press("r")
        await seat.until(lambda: _lists_read(seat) > lists and not seat.app.session.store.changes)
        table.show(seat.app.session.store.rows, table.order)
        await seat.pilot.pause()
        assert table.scroll_offset.y == top
        assert _under_cursor(seat) == chosen
        await seat.press("g")
        assert table.scroll_offset.y == 0
        assert _under_cursor(seat) == chosen


async def test_the_first_key_after_the_wheel_shows_what_it_is_about(served: Served) -> None:
    await _many_drifted(served)
    async with seated(served) as seat:
        await seat.until(f"{_MANY} of {_MANY}")
        table = _table(seat)
        chosen = table.order[0]
        await _wheel(seat, events.MouseScrollDown, 8)
        await seat.press("space")
        assert _table(seat).cursor_key == table.order[1]
        assert table.marks == {chosen}  # type: ignore[attr-defined]
        assert table.scroll_offset.y <= 1


async def test_a_click_gives_a_pane_the_keys_and_esc_gives_them_back(served: Served) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    house.world.live[A] = {"size": 99, **{f"key_{place:02}": place for place in range(60)}}
    await house.scan()
    async with seated(served, size=_WIDE) as seat:
        await seat.until("key_00")
        page = seat.app.front
        assert isinstance(page, TablePage)
        chosen = page.table.cursor_key
        await seat.pilot.click(offset=seat.where("key_00"))
        assert isinstance(seat.app.focused, Document)
        await seat.press("j", "j")
        assert page.preview.scroll_offset.y == 2
        assert page.table.cursor_key == chosen
        await seat.press("escape")
        assert page.table.has_focus
        assert seat.app.front is page
        await seat.press("enter")
        await seat.until("history")


async def test_a_key_of_the_last_row_does_what_it_says_when_it_is_clicked(served: Served) -> None:
    await _drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        for words in (" ? keys", "keys "):
            x, y = seat.where(words)
            await seat.pilot.click(offset=(x + 1, y))
            await seat.until("keys of this page")
            await seat.press("escape")
            await seat.until(lambda: len(seat.app.screen_stack) == 1)
        await seat.pilot.click(offset=seat.where("/ filter"))
        await seat.until("keep it")
        await seat.press(*"thing.a")
        await seat.pilot.click(offset=seat.where("enter keep it"))
        await seat.until(lambda: "1 of 2  /thing.a" in seat.screen and "keep it" not in seat.screen)
        await seat.pilot.click(offset=(79, 23))
        assert len(seat.app.screen_stack) == 1
        await seat.pilot.click(offset=seat.where("A approve"))
        await seat.until("approve exactly this")
        await seat.armed()
        await seat.until("y approve")
        # Never by the mouse: a second click on the same place would approve.
        await seat.pilot.click(offset=seat.where("y approve"))
        await seat.pilot.click(offset=seat.where("esc cancel"))
        await seat.until(lambda: len(seat.app.screen_stack) == 1)
        found = await served.desk.house.remediations()
        assert {each.state for each in found} == {"awaiting_approval"}
        await seat.press("y")
        await seat.pilot.click(offset=seat.where("enter choose"))
        await seat.until("copied")


async def test_a_struck_out_key_says_why_when_it_is_clicked(served: Served) -> None:
    await _drifted(served)
    async with seated(served, options=Options(read_only=True)) as seat:
        await seat.until("needs approval")
        await seat.pilot.click(offset=seat.where("A approve"))
        await seat.until("read-only: started with --read-only")


async def test_a_click_on_a_message_presses_no_key_that_it_hides(served: Served) -> None:
    await _drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        offset = seat.where("A approve")
        page = seat.app.front
        assert page is not None
        page.flash("reading the lists again")
        await seat.until(" reading the lists again")
        page._flash_until = 0.0  # it is over, and still drawn until the next second
        page._press_hint(offset[0])
        await seat.pilot.pause()
        assert len(seat.app.screen_stack) == 1
        page.show_frame()
        await seat.until("A approve")
        await seat.pilot.click(offset=offset)
        await seat.until("approve exactly this")


async def test_a_click_presses_the_key_that_is_drawn(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        offset = seat.where("A approve")
        page = seat.app.front
        assert page is not None
        monkeypatch.setattr(page, "hinted", lambda: [page.hint("help")] * 9)
        page._press_hint(offset[0])  # at once: the next redraw would show the other keys
        await seat.until("approve exactly this")


async def test_a_tab_is_shown_when_it_is_clicked(served: Served) -> None:
    await _drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("declared")
        await seat.pilot.click(offset=seat.where("history"))
        await seat.until("by policy")
        await seat.pilot.click(offset=seat.where(" diff "))
        await seat.until("declared")


@pytest.mark.parametrize(
    ("tab", "read"),
    [
        ("plan", "this plan waits for an approval"),
        ("template", "revision 1"),
        ("why", "plan a correction and ask for an approval"),
    ],
)
async def test_what_only_a_tab_shows_is_read_when_it_is_clicked(
    served: Served, tab: str, read: str
) -> None:
    await _drifted(served)
    async with seated(served, size=(100, 60)) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("declared")
        await seat.pilot.click(offset=seat.where(f" {tab} "))
        await seat.until(read)


async def test_a_plan_is_made_when_its_tab_is_clicked(served: Served) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("enter")
        await seat.until("declared")
        await seat.pilot.click(offset=seat.where(" plan "))
        await seat.until("a preview; C requests the correction")
