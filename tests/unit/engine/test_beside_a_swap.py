"""Drift of a resource that is swapped and that its quarantine is not about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.model import Severity
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.records import FindingState
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.engine.decisions import approve
from reconciler.engine.requesting import request
from tests.fake_world import World
from tests.unit.engine.house import MANUAL, QUARANTINE, SHOP, A, B, House, open_house

SWAP = replace(QUARANTINE, driver=Driver.SWAP, isolation_group="alone")
NEVER = replace(MANUAL, drift_threshold=Severity.CRITICAL)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with thing.a swapped for what no code declares; its size is open drift."""
    world = World.in_sync(a={"size": 1, "groups": ["web"]}, b={"size": 1})
    world.beyond = {A: ({"port": 80}, {"port": 80})}
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(NEVER)
        await made.scan()
        made.world.beyond[A] = ({"port": 80}, {"port": 22})
        await made.scan()
        (record,) = await made.findings()
        asked = await request(
            made.service, record.report_id, action_type=ActionType.QUARANTINE,
            isolation_group="alone", actor="ann",
        )  # fmt: skip
        await made.settle()
        waiting = await made.remediation(asked.id)
        digest = waiting.plan_digest or ""
        await approve(made.service, waiting.id, plan_digest=digest, actor="ann")
        await made.settle()
        assert made.world.live[A]["groups"] == ["alone"]
        yield made


async def test_a_hand_edit_on_a_swapped_resource_is_found_by_each_scan(house: House) -> None:
    house.world.live[A]["size"] = 9
    await house.scan()
    await house.scan()
    states = {record.state for record in await house.findings()}
    assert states == {FindingState.OPEN, FindingState.QUARANTINED}
    house.world.live[B] = {"size": 5}
    await house.scan()
    assert B in {record.address for record in await house.findings()}


async def test_a_policy_is_asked_about_what_is_left_of_it(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A]["size"] = 9
    await house.scan()
    (opened,) = await house.remediations(*OPEN)
    (record,) = [one for one in await house.findings() if one.state is FindingState.OPEN]
    assert opened.state is RemediationState.AWAITING_APPROVAL
    assert (opened.finding_ids, opened.fingerprints) == ((record.id,), (record.fingerprint,))
    assert record.acted_on
