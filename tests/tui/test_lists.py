"""Lists: one filter language on every page, the `:` line, keys of one's own, more columns."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from textual.events import Paste

from reconciler.domain.principals import Role
from reconciler.engine import suppression
from tests.api.desk import text_of
from tests.client.conftest import Served
from tests.tui.burst import arrive
from tests.tui.conftest import seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tui.app import TrueupApp
from tui.keymap_check import checked_keymap, contexts_of
from tui.session import Options
from tui.widgets.field import LONGEST, Field

_WIDE: Final = (160, 50)


async def test_every_page_takes_terms_and_counts_what_passes(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        for page, terms, counts in (
            ("1", "address:*.a proposed:manual_review", "1 of 2"),
            ("2", "address:thing.a state:approval", "1 of 2"),
            ("4", "did:opened !who:nobody", " of "),
            ("5", "health:drifted age<1h", " of 1"),
            ("6", "action:manual_review !owner:ana", "1 of 1"),
        ):
            await seat.press(page, "slash", *terms, "enter")
            await seat.until(f"/{terms}")
            await seat.until(counts)
            await seat.press("escape")
        await seat.press("3", "slash", *"colour:red", "enter")
        await seat.until("the filter has no key 'colour' here")


async def test_what_is_wrong_with_a_filter_is_said_whole_and_only_as_long_as_it_stands(
    served: Served,
) -> None:
    await drifted(served, A)
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("slash", *"colour:red", "enter")
        seen = await seat.until("the filter has no key 'colour' here")
        said = " ".join(each.strip() for each in seen.splitlines()[-4:])
        assert "use one of stack, type, address" in said
        assert said.endswith("severity, age")
        await seat.press("escape")
        assert "the filter has no key" not in seat.screen
        await seat.until("? keys")
        await seat.press("slash", *"colour:red", "enter")
        await seat.until("the filter has no key 'colour' here")
        await seat.press("backspace")
        assert "the filter has no key" not in seat.screen


async def test_esc_leaves_the_filter_that_stood_before(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        for page, first in (("1", "thing.a"), ("2", "thing.a")):
            await seat.press(page, "slash", *first, "enter")
            await seat.until(f"1 of 2  /{first}")
            await seat.press("slash", *"xyz")
            await seat.until("0 of 2  /xyz")
            await seat.press("escape")
            await seat.until(f"1 of 2  /{first}")
            await seat.press("escape")
            await seat.until("2 of 2")


async def test_a_filter_typed_at_once_is_taken_whole(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        field = seat.app.screen.query_one("#filter", Field)
        arrive(seat, "/thing.a\r")
        await seat.until(lambda: "1 of 2  /thing.a " in seat.screen and not field.display)
        arrive(seat, "/sev:low\r")
        await seat.until(lambda: "2 of 2  /sev:low " in seat.screen and not field.display)
        arrive(seat, ":drift thing.b\r")
        await seat.until("1 of 2  /thing.b ")


async def test_what_is_pasted_into_the_filter_acts_on_nothing(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("slash")
        field = seat.app.screen.query_one("#filter", Field)
        field.post_message(Paste("thing\x1b]0;x\x07.a\nx " + "y" * 3_000_000))
        await seat.until("/thing]0;x.a x yyy")
        assert len(field.value) == LONGEST


async def test_the_command_line_completes_and_remembers(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("colon", "s", "t")
        await seat.until("stacks")
        await seat.press("tab", "enter")
        await seat.until("5 Stacks")
        await seat.press("colon", *"group ", "o", "w", "tab", "enter")
        await seat.until("grouped by owner")
        await seat.press("colon", "up", "up", "enter")
        await seat.until("5 Stacks")
        await seat.press("colon", "up", "up", "down", "down")
        await seat.press(*"drift sev:high", "enter")
        await seat.until("/sev:high")


async def test_keys_that_change_places_do_what_they_were_given(
    served: Served, tmp_path: Path
) -> None:
    await drifted(served)
    contexts = contexts_of(TrueupApp)
    wanted = {"drift.group": "s", "drift.sort": "b", "app.command": ";"}
    keymap = checked_keymap(tmp_path / "tui.toml", wanted, contexts)
    async with seated(served, options=Options(keymap=keymap)) as seat:
        await seat.until("1 of 1")
        await seat.press("b")
        await seat.until("by kind")
        await seat.press("s")
        await seat.until("grouped by stack")
        await seat.press("semicolon")
        await seat.until("tab completes")


async def test_what_is_proposed_and_where_a_resource_is_are_columns(served: Served) -> None:
    await drifted(served)
    async with seated(served, size=_WIDE) as seat:
        await seat.until("1 of 1")
        assert "ACCOUNT" not in seat.screen
        await seat.press("w")
        await seat.until("ACCOUNT")
        await seat.until("REGION")
        await seat.until("? review")
        await seat.press("w")
        await seat.until("declared = recorded")
    async with seated(served) as seat:
        await seat.until("1 of 1")
        await seat.press("w")
        await seat.until("ACCOUNT")
        await seat.until("? review")
        await seat.until("thing.a")


async def test_what_left_the_list_is_shown_by_its_name_and_why(served: Served) -> None:
    await drifted(served, A, B)
    house = served.desk.house
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.press("j")
        house.world.live[A] = {"size": 1}
        await house.scan()
        await seat.until("v healed  shop  thing.a")
        (other,) = await house.findings()
        await suppression.ignore(
            house.service, other.id, reason="wanted", until=None, covers=(), actor="ana"
        )
        await seat.press("r")
        await seat.until("- ignored  shop  thing.b")
        assert other.id[:8] not in seat.screen


async def test_every_call_is_listed_with_the_command_that_makes_it(served: Served) -> None:
    await drifted(served)
    async with seated(served, size=_WIDE) as seat:
        await seat.until("1 of 1")
        await seat.press("R")
        await seat.until("scans asked for: 1")
        await seat.press("at")
        seen = " ".join((await seat.until("calls made")).split())
        assert "POST /stacks/shop/scan" in seen
        assert "GET /findings" in seen
        await seat.press(*"post", "enter")
        await seat.until("copied")
        copied = seat.app.clipboard
        assert copied.startswith('curl -sS -H "Authorization: Bearer $TRUEUP_TOKEN" -X POST')
        assert copied.endswith("/stacks/shop/scan")
        assert text_of(Role.ADMIN) not in copied
