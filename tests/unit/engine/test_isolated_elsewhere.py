"""Drift of what is isolated whose address left the state is not gone: it may be elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import Driver
from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import FindingState
from reconciler.engine.decisions import approve
from reconciler.engine.quarantine.releasing import release
from tests.fake_world import World
from tests.unit.engine.house import QUARANTINE, SHOP, A, House, open_house
from tests.unit.engine.isolation import the_quarantine

NEW, EDGE = ResourceAddress("thing.new"), ResourceAddress("thing.edge")
Q = QuarantineState
SWAP = replace(QUARANTINE, driver=Driver.SWAP, isolation_group="alone")


@pytest.fixture
async def swapped(tmp_path: Path) -> AsyncIterator[House]:
    world = World.in_sync(a={"size": 1, "groups": ["web"]}, b={"size": 1}, c={"size": 1})
    world.beyond = {A: ({"port": 80}, {"port": 80})}
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(SWAP)
        await made.scan()
        yield made


@pytest.fixture
async def detached(tmp_path: Path) -> AsyncIterator[House]:
    world = World.in_sync(a={"size": 1}, b={"size": 1}, c={"size": 1}, edge={"port": 80})
    world.edges = {EDGE: A}
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(QUARANTINE)
        yield made


async def isolate(house: House) -> None:
    await house.scan()
    waiting = await house.the_open()
    digest = waiting.plan_digest or ""
    await approve(house.service, waiting.id, plan_digest=digest, actor="ann")
    await house.settle()
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_what_cannot_be_read_at_its_new_address_stays_isolated(swapped: House) -> None:
    house = swapped
    house.world.live[A]["size"] = 9
    await isolate(house)
    house.world.rename(A, NEW)
    house.world.unreadable.add(NEW)
    await house.scan()
    assert house.world.live[NEW]["groups"] == ["alone"]
    house.world.moved.clear()
    house.world.unreadable.clear()
    await house.scan()
    assert (await the_quarantine(house)).state is Q.ACTIVE
    (finding,) = await house.findings()
    assert (finding.address, finding.state) == (NEW, FindingState.QUARANTINED)
    house.world.live[NEW]["size"] = 1
    await house.scan()
    assert house.world.live[NEW]["groups"] == ["web"]


async def test_what_no_code_declares_stays_isolated_when_it_moves(swapped: House) -> None:
    house = swapped
    house.world.beyond[A] = ({"port": 80}, {"port": 22})
    await isolate(house)
    house.world.rename(A, NEW)
    house.world.beyond[NEW] = house.world.beyond.pop(A)
    await house.scan()
    house.world.moved.clear()
    await house.scan()
    await house.later(hours=1)
    assert house.world.live[NEW]["groups"] == ["alone"]
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_what_is_detached_stays_so_when_what_drifted_moves(detached: House) -> None:
    house = detached
    house.world.live[A]["size"] = 9
    await isolate(house)
    house.world.rename(A, NEW)
    house.world.moved.clear()  # a tool that detaches says of no move
    await house.scan()
    await house.later(hours=1)
    assert EDGE not in house.world.live
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_a_person_releases_it_and_the_next_scan_heals_it(detached: House) -> None:
    house = detached
    house.world.live[A]["size"] = 9
    await isolate(house)
    for place in (house.world.declared, house.world.recorded, house.world.live):
        del place[A]
    house.world.serial += 1
    await house.scan()
    kept = await the_quarantine(house)
    assert kept.state is Q.ACTIVE
    await release(house.service, kept.id, actor="ann")
    await house.settle()
    assert EDGE in house.world.live
    await house.scan()
    assert await house.findings() == ()
