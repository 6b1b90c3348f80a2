"""What is read in the terminal UI: searched, and kept in place while it changes."""

from __future__ import annotations

from reconciler.domain.values import Attributes, Value
from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.unit.engine.house import MANUAL, A, B
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


async def test_why_says_who_decides_what_holds_it_and_what_is_related(served: Served) -> None:
    house = served.desk.house
    await _finding(served, {"size": 98})
    for size in (1, 99):
        house.world.live[A] = {"size": size}
        await house.scan()
    house.world.live[B] = {"size": 99}
    await house.scan()
    async with seated(served, size=(100, 60)) as seat:
        await seat.until("2 of 2")
        await seat.press("slash", *"thing.a", "enter", "enter")
        await seat.until("declared = recorded")
        await seat.press("tab")
        seen = await seat.until("gone without a correction")
        for words in (
            "changed outside the code",
            "not known: see the cloud's audit log, before",
            "manual",
            "plan a correction and ask for an approval",
            "? needs approval",
            "  for ",
            "neither a policy nor a person names one",
            "flaps        1 time  ",
            "alike        shop  thing.b",
        ):
            assert words in seen
        await seat.press("H", *"incident", "enter")
        await seat.until("incident")


async def test_lines_around_what_differs_are_shown_on_a_key(served: Served) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    document: dict[str, Value] = {f"key_{place}": place for place in range(9)}
    house.world.declared[A] = house.world.recorded[A] = {"policy": document}
    house.world.live[A] = {"policy": document}
    await house.scan()
    house.world.live[A] = {"policy": {**document, "key_4": 44}}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("d")
        await seat.until("key_4")
        assert '"key_3": 3' not in seat.screen
        await seat.press("right_curly_bracket")
        await seat.until('"key_3": 3')
        assert '"key_2": 2' not in seat.screen
        await seat.press("right_curly_bracket")
        await seat.until('"key_2": 2')
        await seat.press("left_curly_bracket", "left_curly_bracket")
        await seat.until("0 lines around")
        assert '"key_3": 3' not in seat.screen


async def test_a_finding_says_that_it_is_ignored_and_not_that_it_is_healed(served: Served) -> None:
    await _finding(served, {"size": 99})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("declared = recorded")
        await seat.press("i", "enter")
        await seat.until("why?")
        await seat.press(*"known", "enter")
        await seat.until("- ignored; why says by whom")
        assert "healed" not in seat.screen


async def test_a_finding_that_does_not_exist_any_more_says_so(served: Served) -> None:
    await _finding(served, {"size": 99})
    async with seated(served) as seat:
        await seat.until("needs approval")
        seat.app.open_finding("f00df00df00df00df00d")
        await seat.until("there is no such finding any more")
