from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.domain.model import ResourceAddress, Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_and_decide
from tests.fake_world import WorldAdapter
from tests.unit.engine.house import MANUAL, SHOP, A, B, House


async def test_two_remediations_of_a_stack_are_planned_one_after_the_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = most = 0
    real = WorldAdapter.plan

    async def plan(
        adapter: WorldAdapter,
        snapshot: Snapshot,
        addresses: Sequence[ResourceAddress],
        *,
        folder: Path,
        anew: Sequence[ResourceAddress] = (),
    ) -> Plan:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return await real(adapter, snapshot, addresses, folder=folder, anew=anew)

    monkeypatch.setattr(WorldAdapter, "plan", plan)
    await house.put(MANUAL)
    house.world.live |= {A: {"size": 9}, B: {"size": 9}}
    await scan_and_decide(house.service, SHOP)
    opened = await house.remediations(RemediationState.DETECTED)
    await asyncio.gather(*(advance(house.service, one.id) for one in opened))
    assert most == 1
    assert len(await house.remediations(RemediationState.AWAITING_APPROVAL)) == 2
