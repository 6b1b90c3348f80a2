"""What is isolated and gets another address in code and state stays isolated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import Driver
from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import FindingState, Remediation, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import request
from tests.fake_world import World
from tests.unit.engine.house import MANUAL, QUARANTINE, SHOP, A, B, House, open_house
from tests.unit.engine.isolation import approve_waiting, the_quarantine

NEW = ResourceAddress("thing.new")
P, Q = RemediationState, QuarantineState
SWAP = replace(QUARANTINE, driver=Driver.SWAP, isolation_group="alone")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with thing.a in a quarantine that swapped its groups."""
    world = World.in_sync(a={"size": 1, "groups": ["web"]}, b={"size": 1})
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(SWAP)
        made.world.live[A]["size"] = 9
        await made.scan()
        await approved(made, (await made.the_open()).id)
        assert made.world.live[A]["groups"] == ["alone"]
        yield made


async def approved(house: House, remediation_id: RemediationId) -> Remediation:
    await approve_waiting(house, await house.remediation(remediation_id))
    return await house.remediation(remediation_id)


async def corrected(house: House, address: ResourceAddress) -> Remediation:
    """Return a person's correction of `address`, as it is after the approval of its plan."""
    await house.put(replace(SWAP, action_type=MANUAL.action_type, driver=None))
    await house.scan()
    (record,) = [found for found in await house.findings() if found.address == address]
    made = await request(house.service, record.report_id, actor="ann")
    await house.settle()
    return await approved(house, made.id)


async def test_the_next_scan_keeps_it_isolated_at_its_new_address(house: House) -> None:
    house.world.rename(A, NEW)
    await house.scan()
    kept = await the_quarantine(house)
    assert (kept.state, kept.addresses, kept.undo) == (Q.ACTIVE, (NEW,), {NEW: {"groups": ["web"]}})
    (finding,) = await house.findings()
    assert (finding.address, finding.state) == (NEW, FindingState.QUARANTINED)
    assert [change["path"] for change in finding.details["changes"]] == ["size"]
    assert house.world.live[NEW]["groups"] == ["alone"]


async def test_a_correction_at_the_new_address_is_held(house: House) -> None:
    house.world.rename(A, NEW)
    held = await corrected(house, NEW)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert "it would give thing.new its groups back, which quarantine" in str(held.hold_reason)


async def test_a_correction_that_touches_it_before_the_next_scan_is_held(house: House) -> None:
    house.world.live[B] = {"size": 5}
    await house.put(replace(SWAP, action_type=MANUAL.action_type, driver=None))
    await house.scan()
    house.world.rename(A, NEW)
    house.adapter.drags = {NEW}
    (record,) = [found for found in await house.findings() if found.address == B]
    made = await request(house.service, record.report_id, actor="ann")
    await approved(house, made.id)
    held = await approved(house, made.id)  # the plan is another one since the move
    assert (held.state, held.guard) == (P.HELD, "quarantine"), held.note
    assert house.world.live[NEW]["groups"] == ["alone"]


async def test_its_time_gives_the_groups_back_at_the_new_address(house: House) -> None:
    house.world.rename(A, NEW)
    await house.scan()
    house.world.moved.clear()
    await house.later(hours=5)
    assert house.world.live[NEW]["groups"] == ["web"]
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_healed_drift_releases_at_the_new_address(house: House) -> None:
    house.world.rename(A, NEW)
    await house.scan()
    house.world.moved.clear()
    house.world.live[NEW]["size"] = 1
    await house.scan()
    await house.settle()
    assert house.world.live[NEW]["groups"] == ["web"]
