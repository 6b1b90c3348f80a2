"""Marks, a pause, and what stands behind: what a page keeps while nobody looks at it."""

from __future__ import annotations

from tests.client.conftest import Served
from tests.tui.conftest import seated
from tests.tui.drifting import drifted
from tests.tui.gallery import colours_of
from tests.unit.engine.house import A, B


async def test_what_came_during_a_pause_is_new_after_it(served: Served) -> None:
    await drifted(served)
    house = served.desk.house
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("P")
        await seat.until("paused (P)")
        house.world.live[B] = {"size": 99}
        await house.scan()
        await seat.until(lambda: len(seat.app.session.store.rows) == 2)
        assert "new (.)" not in seat.screen
        await seat.press("P")
        await seat.until("1 new (.)")


async def test_where_there_is_no_row_nothing_is_marked(served: Served) -> None:
    await served.desk.house.scan()
    async with seated(served) as seat:
        await seat.until("unknown, checking")
        await seat.press("v", "space", "a")
        assert "marked" not in seat.screen


async def test_a_range_marks_rows_and_no_title(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.press("b")
        await seat.until("grouped by stack")
        await seat.press("g", "v")
        await seat.until("2 marked")
        await seat.press("backslash", "j", "v", "G", "v")
        await seat.until("2 marked")


async def test_the_queue_counts_its_marks_and_leaves_alone_what_is_hidden(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("2")
        await seat.until("2 of 2")
        await seat.press("space")
        seen = await seat.until("1 marked")
        (row,) = (each for each in seen.splitlines() if each.startswith("●"))
        marked = A if A in row else B
        await seat.press("slash", *f"!{marked}", "enter")
        await seat.until("1 marked (1 hidden)")
        await seat.press("A")
        await seat.until("no plan waits for an approval here")
        await seat.press("escape")
        await seat.until(f"1 of 2  /!{marked}")
        assert "marked" not in seat.screen
        await seat.press("escape")
        await seat.until("2 of 2")


async def test_a_theme_reaches_the_pages_behind(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("5")
        await seat.until("5 Stacks")
        await seat.press("1")
        await seat.until("1 Drift")
        await seat.press("colon", *"theme mono", "enter")
        await seat.press("5")
        await seat.until("5 Stacks")
        assert set(colours_of(seat.app).replace("|", " ").split()) <= {
            "bold", "dim", "reverse", "underline", "default", "on", "none", "not", "strike",
        }  # fmt: skip


async def test_the_diff_is_copied_from_every_tab(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("declared = recorded")
        await seat.press("tab")
        await seat.until("first seen")
        page = seat.app.front
        assert page is not None
        copies = dict(page.copies())
        assert copies["diff"].startswith("size")
        assert "first seen" in copies["why"]


async def test_what_came_behind_another_page_is_new_on_the_way_back(served: Served) -> None:
    await drifted(served)
    house = served.desk.house
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("j", "5")
        await seat.until("5 Stacks")
        house.world.live[B] = {"size": 99}
        await house.scan()
        store = seat.app.session.store
        planned = ["awaiting_approval"] * 2  # nothing of it changes any more
        await seat.until(lambda: [row.remediation for row in store.rows.values()] == planned)
        await seat.until(lambda: not (store.changes or store.unread))
        await seat.press("1")
        await seat.until("1 new (.)")
        await seat.press("b", "5")
        await seat.until("5 Stacks")
        await seat.press("1")
        seen = await seat.until("grouped by stack")
        assert "gone" not in seen
        assert "new" not in seen


async def test_a_group_that_is_folded_is_marked_as_what_is_under_it(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until(lambda: seat.screen.count("needs approval") == 2)
        await seat.press("b")
        await seat.until("grouped by stack")
        await seat.press("g", "enter", "space")
        seen = await seat.until("2 marked")
        assert "hidden" not in seen
        await seat.press("A")
        seen = await seat.until("approve exactly this")
        assert A in seen
        assert B in seen


async def test_a_scan_with_nothing_chosen_is_not_one_of_everything(served: Served) -> None:
    await drifted(served, A, B)
    house = served.desk.house
    async with seated(served, size=(160, 50)) as seat:
        await seat.until("2 of 2")
        await seat.press("space", "slash", "!", *"thing", "enter")
        await seat.until("1 marked (1 hidden)")
        await seat.press("R")
        await seat.until("nothing is chosen")
        await seat.press("escape", "escape")
        await seat.until("2 of 2")
        await seat.press("g")
        house.world.live[A] = house.world.live[B] = {"size": 1}
        await house.scan()
        await seat.until(lambda: seat.screen.count("v healed") == 2)
        await seat.press("R")
        await seat.until("nothing is chosen")
        await seat.press("full_stop")
        await seat.until("0 of 0")
        await seat.press("R")
        await seat.until("scans asked for: 1")
