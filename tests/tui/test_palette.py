"""Everything that can be done has a name by which ^p finds it."""

from __future__ import annotations

from reconciler.domain.principals import Role
from tests.client.conftest import Served
from tests.tui.conftest import seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tui.paged import VIEWS
from tui.session import Options
from tui.views import View


async def test_it_has_every_page_every_view_and_the_keys_of_the_page(served: Served) -> None:
    await drifted(served)
    views = {"oncall": View("sev:high", sort="age")}
    async with seated(served, size=(120, 60), options=Options(views=views)) as seat:
        await seat.until("needs approval")
        await seat.press("ctrl+p")
        seen = await seat.until("everything that can be done here")
        for name in (*VIEWS, "view oncall", "group change", "scan shop", "theme mono", "calls"):
            assert f":{name} " in seen
        await seat.press(*"approve")
        await seat.until("[drift.approve]")


async def test_a_page_a_view_a_command_and_a_key_are_done_by_their_name(served: Served) -> None:
    await drifted(served, A, B)
    views = {"oncall": View("thing.a", sort="age")}
    async with seated(served, options=Options(views=views)) as seat:
        await seat.until("2 of 2")
        await seat.press("ctrl+p", *"page stacks", "enter")
        await seat.until("5 Stacks")
        await seat.press("ctrl+p", *"oncall", "enter")
        await seat.until("1 of 2  /thing.a  by age")
        await seat.press("ctrl+p", *"grouped by kind", "enter")
        await seat.until("grouped by kind")
        await seat.press("ctrl+p", *"passes a filter", "enter", *"thing.b", "enter")
        await seat.until("1 of 2  /thing.b")
        await seat.press("ctrl+p", *"drift.reverse", "enter")
        await seat.until("by age reversed")


async def test_what_the_role_may_not_do_says_why(served: Served) -> None:
    await drifted(served)
    async with seated(served, role=Role.VIEWER) as seat:
        await seat.until("needs approval")
        await seat.press("ctrl+p", *"every stack now", "enter")
        await seat.until("not allowed: the role viewer")
