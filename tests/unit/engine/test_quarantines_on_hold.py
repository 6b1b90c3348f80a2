"""A hold on a resource: it is neither isolated nor connected again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.domain.policy import ActionType
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.holding import hold, resume
from tests.unit.engine.house import SHOP, A, B, House
from tests.unit.engine.isolation import EDGE, approve_waiting, detaching_house

P = RemediationState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with detaching_house(tmp_path) as made:
        yield made


async def test_a_hold_on_the_resource_keeps_it_isolated(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    await approve_waiting(house, await house.the_open())
    await hold(house.service, by="ann", reason="forensics", stack=SHOP, address=A)
    await house.later(hours=5)
    assert EDGE not in house.world.live
    (kept,) = await house.remediations(P.HELD)
    assert (kept.action_type, kept.guard) == (ActionType.RELEASE, "kill_switch")
    await resume(house.service, by="ann", stack=SHOP, address=A)
    await house.later(minutes=1)
    assert house.world.live[EDGE] == {"port": 80}


async def test_a_hold_on_the_resource_keeps_it_connected(house: House) -> None:
    house.world.live[B] = {"size": 9}
    house.world.edges = {EDGE: B}
    await house.scan()
    waiting = await house.the_open()
    await hold(house.service, by="ann", reason="a demo", stack=SHOP, address=B)
    await approve_waiting(house, waiting)
    assert EDGE in house.world.live
    assert (await house.remediation(waiting.id)).state is P.HELD
    # What a plan isolates is known by a plan alone: an hour's looks are no sixty of them.
    before = (await house.events()).count("remediation.planning")
    for _ in range(60):
        await house.later(minutes=1)
    assert (await house.events()).count("remediation.planning") - before < 20
    await resume(house.service, by="ann", stack=SHOP, address=B)
    await house.settle()
    assert EDGE not in house.world.live
