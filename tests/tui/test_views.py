"""A view has a filter and an order; it is kept in tui.toml and asked for by its name."""

from __future__ import annotations

from dataclasses import replace

from tests.client.conftest import Served
from tests.tui.conftest import seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tui.session import Options
from tui.views import View

_VIEWS = {"oncall": View("stack:shop", sort="age", reverse=True, group="type", wide=True)}


async def test_a_view_brings_its_order_and_its_groups(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served, options=Options(views=_VIEWS)) as seat:
        await seat.until("2 of 2")
        assert "grouped" not in seat.screen
        await seat.press("5", "colon", *"view oncall", "enter")
        await seat.until("/stack:shop  by age reversed  grouped by type")
        await seat.until("ACCOUNT")
        await seat.press("colon", *"drift", "enter")
        await seat.until("by age reversed  grouped by type")


async def test_the_view_asked_for_at_the_start_is_shown(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served, options=Options(views=_VIEWS, view="oncall")) as seat:
        await seat.until("by age reversed  grouped by type")
    async with seated(served, options=Options(views=_VIEWS, view="thing.a")) as seat:
        await seat.until("1 of 2  /thing.a  by severity")


async def test_what_is_looked_at_is_copied_as_tui_toml_keeps_it(served: Served) -> None:
    await drifted(served, A)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("y")
        await seat.until("STACK/ADDRESS")
        assert "view for tui.toml" not in seat.screen
        await seat.press("escape", "slash", *"thing", "enter", "S", "b", "y", *"view for", "enter")
        await seat.until("copied")
        wanted = replace(View(), filter="thing", reverse=True, group="stack")
        assert seat.app.clipboard == wanted.written("NAME")
