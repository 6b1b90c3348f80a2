"""What tests of quarantines have in common: a house with an edge, and short words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from reconciler.domain.model import ResourceAddress
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import Remediation, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve
from tests.fake_world import World
from tests.unit.engine.house import QUARANTINE, SHOP, A, House, open_house

EDGE = ResourceAddress("thing.edge")


@asynccontextmanager
async def detaching_house(folder: Path) -> AsyncIterator[House]:
    """Open a house whose policy detaches the edge of thing.a."""
    world = World.in_sync(a={"size": 1}, b={"size": 1}, edge={"port": 80})
    world.edges = {EDGE: A}
    async with open_house(folder, {SHOP: world}) as house:
        await house.put(QUARANTINE)
        yield house


async def the_quarantine(house: House) -> Quarantine:
    (only,) = await house.read(lambda view: view.quarantines.page().items)
    return only


async def approve_waiting(house: House, waiting: Remediation) -> RemediationId:
    """Approve the plan that is shown, and let it be carried out."""
    assert waiting.state is RemediationState.AWAITING_APPROVAL, waiting.note
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    return waiting.id
