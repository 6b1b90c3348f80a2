"""A resource with several findings has one quarantine, whatever was found when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from reconciler.domain.errors import ConflictError
from reconciler.domain.model import Origin, ResourceAddress, Severity
from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import FindingRecord, FindingState
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.domain.values import Attributes
from reconciler.engine.quarantine.asking import take_in
from reconciler.engine.requesting import request
from reconciler.stores import Transaction
from tests.fake_world import World
from tests.unit.engine.house import QUARANTINE, SHOP, A, House, open_house, selecting
from tests.unit.engine.isolation import approve_waiting, the_quarantine

EDGE = ResourceAddress("thing.edge")
P, Q = RemediationState, QuarantineState
BESIDE: Final[tuple[Attributes, Attributes]] = ({"port": 80}, {"port": 22})
"""What no code declares of thing.a: as it is recorded, and as it is."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    world = World.in_sync(a={"size": 1}, edge={"port": 80})
    world.edges = {EDGE: A}
    world.beyond = {A: ({"port": 80}, {"port": 80})}
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(QUARANTINE)
        await made.scan()  # the baseline of what no code declares
        yield made


def drift(house: House) -> None:
    house.world.live[A] = {"size": 9}


def drift_beside(house: House) -> None:
    house.world.beyond[A] = BESIDE


async def both(house: House) -> tuple[FindingRecord, ...]:
    """Return both findings of thing.a; the one that no plan acts on is the second."""
    found = await house.findings()
    return tuple(sorted(found, key=lambda record: record.origin is Origin.UNDECLARED))


async def test_two_findings_of_a_resource_are_one_proposal(house: House) -> None:
    drift(house)
    drift_beside(house)
    await house.scan()
    waiting = await house.the_open()
    assert set(waiting.finding_ids) == {record.id for record in await both(house)}
    assert waiting.addresses == (A,)
    await approve_waiting(house, waiting)
    assert [record.state for record in await both(house)] == [FindingState.QUARANTINED] * 2


async def test_it_lasts_until_both_have_healed(house: House) -> None:
    drift(house)
    drift_beside(house)
    await house.scan()
    await approve_waiting(house, await house.the_open())
    house.world.live[A] = {"size": 1}
    await house.scan()
    assert (await the_quarantine(house)).state is Q.ACTIVE
    house.world.beyond[A] = ({"port": 80}, {"port": 80})
    await house.scan()
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert EDGE in house.world.live


@pytest.mark.parametrize("first_is_isolated", [False, True])
async def test_a_later_finding_joins(house: House, *, first_is_isolated: bool) -> None:
    drift(house)
    await house.scan()
    waiting = await house.the_open()
    if first_is_isolated:
        await approve_waiting(house, waiting)
    drift_beside(house)
    await house.scan()
    if not first_is_isolated:
        assert (await house.the_open()).id == waiting.id
        await approve_waiting(house, waiting)
        await house.scan()
    assert await house.remediations(*OPEN) == ()
    kept = await the_quarantine(house)
    assert set(kept.finding_ids) == {record.id for record in await both(house)}
    assert [record.state for record in await both(house)] == [FindingState.QUARANTINED] * 2


async def test_the_other_finding_is_proposed_when_the_first_heals(house: House) -> None:
    drift(house)
    await house.scan()
    drift_beside(house)
    await house.scan()
    house.world.live[A] = {"size": 1}
    await house.scan()
    waiting = await house.the_open()
    (left,) = await house.findings()
    assert waiting.finding_ids == (left.id,)


async def test_a_request_is_about_the_finding_that_it_names(house: House) -> None:
    await house.put(replace(QUARANTINE, drift_threshold=Severity.CRITICAL))
    drift(house)
    drift_beside(house)
    await house.scan()
    for record in await both(house):
        made = await request(house.service, record.report_id, actor="ann")
        assert made.finding_ids == (record.id,)


async def test_a_person_gets_the_quarantine_that_waits(house: House) -> None:
    drift(house)
    drift_beside(house)
    await house.put(replace(QUARANTINE, drift_threshold=Severity.CRITICAL))
    await house.scan()
    first, second = await both(house)
    ask = {"action_type": ActionType.QUARANTINE, "actor": "ann"}
    made = await request(house.service, first.report_id, **ask)  # type: ignore[arg-type]
    again = await request(house.service, second.report_id, **ask)  # type: ignore[arg-type]
    assert again.id == made.id
    with pytest.raises(ConflictError) as caught:
        await request(house.service, second.report_id, isolation_group="alone", **ask)  # type: ignore[arg-type]
    assert caught.value.code == "other-remediation"


@pytest.mark.parametrize("corrected", [False, True])
async def test_what_a_person_isolates_joins_the_quarantine_that_waits(
    house: House, *, corrected: bool
) -> None:
    await house.put(selecting(QUARANTINE, path="size"))
    drift(house)
    drift_beside(house)
    await house.scan()
    waiting = await house.the_open()
    first, second = await both(house)
    assert waiting.finding_ids == (first.id,)
    correction = None
    if corrected:
        correction = await request(house.service, second.report_id, actor="bob")
        await house.settle()
    made = await request(
        house.service, second.report_id, action_type=ActionType.QUARANTINE, actor="ann"
    )
    await house.settle()
    assert (made.id, made.finding_ids) == (waiting.id, (first.id, second.id))
    if correction is not None:
        cancelled = await house.remediation(correction.id)
        assert cancelled.state is P.CANCELLED
        said = (
            f"correction {cancelled.id[:8]} (awaiting approval) was cancelled for this; it isolates"
        )
        assert str(made.note).startswith(said)
    await approve_waiting(house, await house.the_open())
    assert [record.state for record in await both(house)] == [FindingState.QUARANTINED] * 2
    house.world.live[A] = {"size": 1}
    await house.scan()
    assert (await the_quarantine(house)).state is Q.ACTIVE
    assert EDGE not in house.world.live


async def test_it_still_isolates_when_what_its_policy_isolates_has_healed(house: House) -> None:
    await house.put(selecting(QUARANTINE, path="size"))
    drift(house)
    drift_beside(house)
    await house.scan()
    _, second = await both(house)
    await request(house.service, second.report_id, action_type=ActionType.QUARANTINE, actor="ann")
    house.world.live[A] = {"size": 1}
    await house.scan()
    await approve_waiting(house, await house.the_open())
    assert (await the_quarantine(house)).state is Q.ACTIVE
    (left,) = await house.findings()
    assert left.state is FindingState.QUARANTINED


async def test_nothing_joins_a_quarantine_that_is_carried_out(house: House) -> None:
    await house.put(selecting(QUARANTINE, path="size"))
    drift(house)
    drift_beside(house)
    await house.scan()
    waiting = await house.the_open()
    _, second = await both(house)

    def work(tx: Transaction) -> None:
        take_in(tx, replace(waiting, state=P.APPLYING), second, at=house.clock.now(), actor="ann")

    with pytest.raises(ConflictError, match=r"isolates thing\.a just now") as caught:
        await house.service.store.transact(work)
    assert caught.value.code == "moved-on"


async def test_a_person_is_told_that_it_is_isolated_already(house: House) -> None:
    drift(house)
    await house.scan()
    await approve_waiting(house, await house.the_open())
    await house.put(replace(QUARANTINE, action_type=ActionType.MANUAL_REVIEW))
    drift_beside(house)
    await house.scan()
    _, second = await both(house)
    with pytest.raises(ConflictError, match=r"thing\.a is in quarantine already") as caught:
        await request(
            house.service, second.report_id, action_type=ActionType.QUARANTINE, actor="ann"
        )
    assert caught.value.code == "already-quarantined"
    assert "trueup release" in str(caught.value.remedy)


async def test_many_drifted_resources_are_isolated_one_by_one(tmp_path: Path) -> None:
    names = [f"vm{number:02}" for number in range(12)]
    things: dict[str, Attributes] = {name: {"size": 1} for name in names}
    world = World.in_sync(**things)
    world.edges = {
        ResourceAddress(f"thing.{name}-edge"): ResourceAddress(f"thing.{name}") for name in names
    }
    for edge in world.edges:
        for place in (world.declared, world.recorded, world.live):
            place[edge] = {"port": 80}
    for name in names:
        world.live[ResourceAddress(f"thing.{name}")] = {"size": 9}
    async with open_house(tmp_path, {SHOP: world}) as house:
        await house.put(QUARANTINE)
        await house.scan()
        waiting = await house.remediations(*OPEN)
        assert [len(each.addresses) for each in waiting] == [1] * 10
        await house.scan()
        assert [len(each.addresses) for each in await house.remediations(*OPEN)] == [1] * 12
