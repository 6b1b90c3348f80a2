"""Quarantines by keyboard, seen in the world they change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve
from tests.client.conftest import Served
from tests.fake_world import World, WorldScripts
from tests.patience import PATIENCE_S
from tests.tui.conftest import seated
from tests.unit.engine.house import QUARANTINE, A, House
from tui.session import Options

EDGE: Final = ResourceAddress("thing.edge")


async def proposed(
    served: Served,
    *,
    action: ActionType = ActionType.QUARANTINE,
    edges: Mapping[ResourceAddress, ResourceAddress] = MappingProxyType({EDGE: A}),
) -> House:
    """Drift until a policy proposes to detach the edge, and somebody has to approve that."""
    house = served.desk.house
    for side in (house.world.declared, house.world.recorded, house.world.live):
        side[EDGE] = {"port": 80}
    house.world.edges = dict(edges)
    await house.put(replace(QUARANTINE, action_type=action))
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    return house


async def isolated(house: House) -> None:
    """Walk the quarantine to its end: of drift that moves meanwhile nothing is released."""
    async with asyncio.timeout(PATIENCE_S):
        while [each.state for each in await house.remediations()] != ["converged"]:
            await house.settle()
            await asyncio.sleep(0.03)


async def test_a_quarantine_is_approved_and_released_by_keyboard(served: Served) -> None:
    house = await proposed(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("approve 1 quarantine of shop")
        await seat.press("G")
        await seat.until("type shop and enter to approve")
        await seat.armed()
        await seat.press(*"shop", "enter")
        await seat.until("awaiting approval > queued")
        await seat.worked(lambda: EDGE not in house.world.live)
        await seat.press("escape")
        await seat.until("# quarantined")
    async with seated(served) as seat:
        await seat.until("# quarantined")
        await seat.press("U")
        await seat.until("release exactly this")
        await seat.armed()
        await seat.press("y")
        await seat.until("release requested: 1")
        await seat.worked(lambda: EDGE in house.world.live)
        await seat.until("v released")
        assert "converged" not in seat.screen
    assert house.world.live[EDGE] == {"port": 80}
    assert house.world.live[A] == {"size": 99}


async def test_a_correction_that_is_cancelled_for_a_quarantine_is_named(served: Served) -> None:
    house = await proposed(served, action=ActionType.MANUAL_REVIEW)
    (known,) = await house.remediations()
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("Q")
        await seat.until(f"requested: 1; correction {known.id[:8]} (awaiting approval)")
    assert (await house.remediation(known.id)).state is RemediationState.CANCELLED


async def test_a_quarantine_that_could_isolate_nothing_is_refused(served: Served) -> None:
    house = await proposed(served, action=ActionType.MANUAL_REVIEW, edges={})
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("Q")
        await seat.until("nothing that could be detached connects thing.a")
    (known,) = await house.remediations()
    assert known.state is RemediationState.AWAITING_APPROVAL


async def test_what_is_connected_again_is_not_called_quarantined(served: Served) -> None:
    house = await proposed(served)
    (known,) = await house.remediations()
    await approve(house.service, known.id, plan_digest=str(known.plan_digest), actor="ann")
    await isolated(house)
    async with seated(served) as seat:
        await seat.until("# quarantined")
        house.world.correct(EDGE)
        await house.scan()
        await seat.until("! not isolated")
        assert "quarantined" not in seat.screen
        await seat.press("enter")
        await seat.until("not isolated: thing.edge is attached again")
    async with seated(served) as seat:
        await seat.until("! not isolated")


async def test_production_asks_for_a_name_before_a_quarantine_is_rejected(served: Served) -> None:
    house = await proposed(served)
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("needs approval")
        await seat.press("X")
        await seat.until("why?")
        await seat.press(*"wanted", "enter")
        await seat.until("what is dangerous stays connected")
        await seat.until("type shop and enter to reject")
        await seat.armed()
        await seat.press("y", "enter")
        assert [each.state for each in await house.remediations()] == ["awaiting_approval"]
        await seat.press(*"shop", "enter")
        await seat.until("reject: done: 1")
    assert [each.state for each in await house.remediations()] == ["rejected"]


async def test_a_script_that_isolates_is_shown_before_it_is_approved(served: Served) -> None:
    house = served.desk.house
    house.service.scripts = WorldScripts.of("cut-off")
    house.runner.script = _cut_off
    await house.put(replace(QUARANTINE, driver=Driver.SCRIPT, script="cut-off"))
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("approve 1 quarantine of shop")
        await seat.until("script: what it changes is read when it has run")
        await seat.press("G")
        await seat.until("type shop and enter to approve")
        await seat.armed()
        await seat.press(*"shop", "enter")
        await seat.worked(lambda: house.world.live[A] == {"size": 0})
        await seat.press("escape")
        await seat.until("# quarantined")
        await seat.press("U")
        await seat.until("what isolates it is undone")
        await seat.armed()
        await seat.press("y")
        await seat.worked(lambda: house.world.live[A] == {"size": 99})
        await seat.until("v released")


def _cut_off(world: World, given: Mapping[str, Any]) -> int:
    world.live[A]["size"] = 0 if given["action"] == "isolate" else 99
    return 0
