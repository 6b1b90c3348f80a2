"""What is isolated and gets another address stays isolated; what leaves the state does not."""

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
from reconciler.engine.quarantine.releasing import release
from reconciler.engine.requesting import request
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


async def test_the_quarantine_of_what_left_the_state_says_so_and_ends(house: House) -> None:
    for place in (house.world.declared, house.world.recorded):
        del place[A]
    house.world.serial += 1
    await house.scan()
    kept = await the_quarantine(house)
    assert (kept.state, kept.reconnected_at is not None) == (Q.ACTIVE, True)
    why = (
        "thing.a is not in the state any more: if it still exists, it holds alone alone, and held"
        " web before"
    )
    assert kept.note == why
    await house.later(minutes=11)
    await house.scan()
    ended = await the_quarantine(house)
    assert (ended.state, ended.note) == (Q.RELEASED, why)


async def test_what_is_back_in_the_state_in_time_stays_isolated(house: House) -> None:
    there = house.world.recorded.pop(A)
    house.world.serial += 1
    await house.scan()
    assert (await the_quarantine(house)).reconnected_at is not None
    house.world.recorded[A] = there
    house.world.serial += 1
    await house.later(minutes=11)
    await house.scan()
    kept = await the_quarantine(house)
    assert (kept.state, kept.reconnected_at, kept.note) == (Q.ACTIVE, None, None)
    assert house.world.live[A]["groups"] == ["alone"]


async def test_what_was_given_back_before_it_left_has_its_time_too(house: House) -> None:
    house.world.live[A]["groups"] = ["web"]
    await house.scan()
    assert "does not hold alone" in str((await the_quarantine(house)).note)
    there = house.world.recorded.pop(A)
    house.world.serial += 1
    await house.scan(minutes=30)
    left = await the_quarantine(house)
    assert (left.state, left.reconnected_at) == (Q.ACTIVE, house.clock.now())
    assert "thing.a is not in the state any more" in str(left.note)
    house.world.recorded[A] = there
    house.world.serial += 1
    await house.scan()
    assert "does not hold alone" in str((await the_quarantine(house)).note)


@pytest.mark.parametrize("lineage", ["", "another"])
async def test_no_other_state_ends_a_quarantine_after_its_release(
    house: House, lineage: str
) -> None:
    def exchange() -> None:
        house.world.lineage = lineage
        house.world.recorded.clear()
        house.world.live[A]["groups"] = ["alone"]

    house.runner.then = exchange
    made = await release(house.service, (await the_quarantine(house)).id, actor="bob")
    await house.settle()
    assert (await house.remediation(made.id)).state is P.VERIFYING
    assert (await the_quarantine(house)).state is Q.ACTIVE
