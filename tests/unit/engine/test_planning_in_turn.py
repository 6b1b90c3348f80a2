from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.domain.errors import ConflictError
from reconciler.domain.model import ResourceAddress, Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.planning import plan_finding, plan_stack
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_and_decide
from tests.fake_world import WorldAdapter
from tests.unit.engine.house import MANUAL, SHOP, A, B, House


class Overlaps:
    """How many plans were under way at once, at most."""

    most = 0


@pytest.fixture
def overlaps(monkeypatch: pytest.MonkeyPatch) -> Overlaps:
    under_way = 0
    seen = Overlaps()
    real = WorldAdapter.plan

    async def plan(
        adapter: WorldAdapter,
        snapshot: Snapshot,
        addresses: Sequence[ResourceAddress],
        *,
        folder: Path,
        anew: Sequence[ResourceAddress] = (),
    ) -> Plan:
        nonlocal under_way
        under_way += 1
        seen.most = max(seen.most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return await real(adapter, snapshot, addresses, folder=folder, anew=anew)

    monkeypatch.setattr(WorldAdapter, "plan", plan)
    return seen


async def test_two_remediations_of_a_stack_are_planned_one_after_the_other(
    house: House, overlaps: Overlaps
) -> None:
    await house.put(MANUAL)
    house.world.live |= {A: {"size": 9}, B: {"size": 9}}
    await scan_and_decide(house.service, SHOP)
    opened = await house.remediations(RemediationState.DETECTED)
    await asyncio.gather(*(advance(house.service, remediation.id) for remediation in opened))
    assert overlaps.most == 1
    assert len(await house.remediations(RemediationState.AWAITING_APPROVAL)) == 2


async def test_a_plan_that_a_person_asks_for_waits_for_that_of_a_remediation(
    house: House, overlaps: Overlaps
) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await scan_and_decide(house.service, SHOP)
    (opened,) = await house.remediations(RemediationState.DETECTED)
    (finding,) = await house.findings()
    _, plan, whole = await asyncio.gather(
        advance(house.service, opened.id),
        plan_finding(house.service, finding.id),
        plan_stack(house.service, SHOP),
    )
    assert overlaps.most == 1
    assert plan["targets"] == whole["targets"] == [A]


async def test_a_finding_that_healed_while_its_plan_waited_is_not_planned(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await scan_and_decide(house.service, SHOP)
    (finding,) = await house.findings()
    async with house.service.planning[SHOP]:
        waiting = asyncio.create_task(plan_finding(house.service, finding.id))
        stack = asyncio.create_task(plan_stack(house.service, SHOP))
        await asyncio.sleep(0)
        house.world.live[A] = {"size": 1}
        await scan_and_decide(house.service, SHOP)
    with pytest.raises(ConflictError, match="gone already"):
        await waiting
    assert (await stack)["resources"] == []
