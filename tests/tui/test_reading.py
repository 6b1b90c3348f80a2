"""What is read in the terminal UI: searched, and kept in place while it changes."""

from __future__ import annotations

from reconciler.domain.values import Attributes
from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.unit.engine.house import MANUAL, A
from tui.screens.finding import FindingPage
from tui.widgets.document import Document

_ROOM = 24


async def _finding(served: Served, live: Attributes) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    house.world.live[A] = live
    await house.scan()


def _document(seat: Seat) -> Document:
    page = seat.app.screen
    assert isinstance(page, FindingPage)
    return page.document


async def test_a_text_is_searched_for_and_each_place_is_gone_to(served: Served) -> None:
    await _finding(served, {"size": 99, **{f"key_{place}": place for place in range(60)}})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("declared = recorded")
        await seat.press("slash", *"KEY_4", "enter")
        await seat.until("/KEY_4: 11 lines hold it")
        await seat.until("key_4 ")
        first = _document(seat).scroll_offset.y
        await seat.press("n")
        assert _document(seat).scroll_offset.y > first
        await seat.press("N")
        assert _document(seat).scroll_offset.y == first
        await seat.press("escape")
        assert not _document(seat).needle
        await seat.until("declared = recorded" if first < _ROOM else "key_4 ")
        await seat.press("slash", *"nowhere", "enter")
        await seat.until("no line holds it")
        await seat.press("escape", "escape")
        await seat.until("1 of 1")


async def test_the_revisions_of_what_is_declared_are_shown_by_what_each_changed(
    served: Served,
) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    house.world.declared[A] = {"size": 1, "ports": [80]}
    await house.scan()
    house.world.declared[A] = {"size": 1, "ports": [80, 22]}
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("enter")
        await seat.until("size")
        await seat.press("tab", "tab", "tab")
        seen = await seat.until("revision 1")
        assert "revision 2" in seen
        assert "+ ports[1]  22" in seen
