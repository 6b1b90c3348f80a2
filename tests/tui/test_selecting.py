"""^c copies what was selected with the mouse, and quits only where nothing is."""

from __future__ import annotations

from reconciler.domain.values import Attributes
from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.unit.engine.house import MANUAL, A
from tui.session import Options

_LONG = "arn:aws:iam::123456789012:policy/" + "x" * 90


async def _finding(served: Served, live: Attributes) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    house.world.live[A] = live
    await house.scan()


async def _drag(seat: Seat, start: tuple[int, int], end: tuple[int, int]) -> None:
    await seat.pilot.mouse_down(offset=start)
    await seat.pilot.hover(offset=end)
    await seat.pilot.mouse_up(offset=end)
    await seat.pilot.pause()


async def test_a_part_of_the_diff_is_copied_and_only_then_the_same_key_quits(
    served: Served,
) -> None:
    await _finding(served, {"size": 99, "policy": _LONG})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("x" * 20)
        x, y = seat.where("arn:aws:iam")
        await _drag(seat, (x, y), (79, y + 2))
        await seat.press("ctrl+c")
        assert seat.app.is_running
        assert _LONG in seat.app.clipboard
        assert seat.app.clipboard.startswith("arn:")
        await seat.until("copied")
        assert not seat.app.screen.selections
        await seat.press("ctrl+c")
        assert not seat.app.is_running or seat.app.return_code == 0


async def test_a_drag_from_the_margin_of_what_was_scrolled_takes_the_lines_it_shows(
    served: Served,
) -> None:
    await _finding(served, {"size": 99, **{f"key_{place:02}": place for place in range(60)}})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("key_0")
        await seat.press("G")
        await seat.until("key_59")
        _, y = seat.where("key_57")
        await _drag(seat, (0, y), (40, y))
        await seat.press("ctrl+c")
        assert "key_57" in seat.app.clipboard
        assert "key_00" not in seat.app.clipboard


async def test_a_part_of_a_row_is_copied_and_a_drag_beyond_the_list_stays_in_it(
    served: Served,
) -> None:
    await _finding(served, {"size": 99})
    async with seated(served, options=Options(environment="staging")) as seat:
        await seat.until("needs approval")
        x, y = seat.where(A)
        await _drag(seat, (x, y), (x + len(A) - 1, y))
        await seat.press("ctrl+c")
        assert seat.app.clipboard == A
        await _drag(seat, (x, y), (5, 0))
        await seat.press("ctrl+c")
        assert "STAGING" not in seat.app.clipboard
        assert "Bar" not in seat.app.clipboard


async def test_where_no_text_was_selected_nothing_is_copied_and_nothing_quits(
    served: Served,
) -> None:
    await _finding(served, {"size": 99})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await _drag(seat, (2, 18), (30, 19))
        await seat.press("ctrl+c")
        await seat.until("no text in what was selected")
        assert seat.app.is_running


async def test_esc_ends_a_selection_before_it_leaves_the_page(served: Served) -> None:
    await _finding(served, {"size": 99})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("size")
        x, y = seat.where("size")
        await _drag(seat, (x, y), (x + 3, y))
        assert seat.app.screen.selections
        await seat.press("escape")
        assert not seat.app.screen.selections
        assert len(seat.app.screen_stack) == 2
        await seat.press("escape")
        assert len(seat.app.screen_stack) == 1


async def test_a_second_click_opens_a_row_and_selects_nothing(served: Served) -> None:
    await _finding(served, {"size": 99})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.pilot.click(offset=seat.where(A), times=2)
        await seat.until("declared")
        assert not seat.app.screen_stack[0].selections
        await seat.press("escape")
        assert not seat.app.screen.selections


async def test_what_is_selected_of_a_filter_is_copied(served: Served) -> None:
    await _finding(served, {"size": 99})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("slash", *"stack:*", "enter", "slash", "ctrl+c")
        assert seat.app.is_running
        assert seat.app.clipboard == "stack:*"
