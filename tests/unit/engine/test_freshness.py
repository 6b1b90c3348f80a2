"""Nothing is applied to an object that moved since it was decided about, whatever the serial."""

from __future__ import annotations

import os
from collections import deque

from reconciler.domain.model import Origin
from reconciler.domain.records import Remediation, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, SHOP, A, B, House, reference_of, stack_record


async def moves_after_the_plan(house: House, **live: object) -> None:
    """Have the live object become `live` right after the next plan was made; nothing: gone."""

    async def moved() -> None:
        if live:
            house.world.live[A] = live  # type: ignore[assignment]
        else:
            house.world.live.pop(A)

    house.adapter.after_plan = moved


async def drifted(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()


async def test_an_object_healed_by_hand_after_the_plan_is_left_alone(house: House) -> None:
    await drifted(house)
    await moves_after_the_plan(house, size=1)
    await house.scan(seconds=31)
    (one,) = await house.remediations()
    assert (one.state, one.note) == (RemediationState.CONVERGED, "the drift went away on its own")
    assert (house.world.effects, await house.runs(), await house.findings()) == ([], (), ())


async def test_an_object_changed_by_hand_after_the_plan_is_decided_about_anew(
    house: House,
) -> None:
    await drifted(house)
    await moves_after_the_plan(house, size=8)
    await house.scan(seconds=31)
    (one,) = await house.remediations()
    assert (one.state, house.world.effects) == (RemediationState.SUPERSEDED, [])
    assert "shop" in house.wake_ups.scans


async def test_an_object_deleted_by_hand_after_the_plan_is_decided_about_anew(
    house: House,
) -> None:
    await drifted(house)
    await moves_after_the_plan(house)
    await house.scan(seconds=31)
    (one,) = await house.remediations()
    assert (one.state, house.world.effects) == (RemediationState.SUPERSEDED, [])


async def test_an_object_that_cannot_be_read_after_the_plan_waits(house: House) -> None:
    await drifted(house)

    async def unreadable() -> None:
        house.world.unreadable.add(A)

    house.adapter.after_plan = unreadable
    await house.scan(seconds=31)
    one = await house.the_open()
    assert (one.state, one.note) == (RemediationState.QUEUED, "thing.a cannot be read: denied")
    house.world.unreadable.clear()
    await house.later(seconds=40)
    assert house.world.live[A] == {"size": 1}
    assert list(house.service.runs.iterdir()) == [house.service.runs / house.world.effects[0]]


async def test_what_gives_no_answer_after_the_plan_waits(house: House) -> None:
    await drifted(house)

    async def unseen() -> None:
        house.world.unseen.add(A)

    house.adapter.after_plan = unseen
    await house.scan(seconds=31)
    one = await house.the_open()
    assert (one.state, one.note) == (RemediationState.QUEUED, "thing.a cannot be read: throttled")
    assert house.world.effects == []


async def test_an_approved_plan_is_not_carried_out_on_an_object_that_moved(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    await moves_after_the_plan(house, size=8)
    await approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann")
    await house.settle()
    assert (await house.remediation(one.id)).state is RemediationState.SUPERSEDED
    assert house.world.effects == []


async def test_one_of_two_healed_by_hand_after_the_plan_is_decided_about_anew(
    house: House,
) -> None:
    await house.put(AUTO)
    house.world.live[A], house.world.live[B] = {"size": 9}, {"size": 9}
    await house.scan()
    await moves_after_the_plan(house, size=1)
    await house.scan(seconds=31)
    ended = [
        remediation
        for remediation in await house.remediations()
        if remediation.state is RemediationState.SUPERSEDED
    ]
    assert len(ended) == 1
    assert house.world.effects == []


async def test_a_stack_that_another_trueup_applies_to_waits(house: House) -> None:
    await drifted(house)
    theirs = house.service.apply_locks.acquire(reference_of(stack_record(SHOP)))
    await house.scan(seconds=31)
    one = await house.the_open()
    assert one.state is RemediationState.QUEUED
    assert (one.note or "").startswith("another trueup on this host is applying to /stacks/shop")
    os.close(theirs)
    await house.later(seconds=40)
    assert house.world.live[A] == {"size": 1}


async def failed_once(house: House) -> Remediation:
    await drifted(house)
    house.runner.fates = deque([Fate.REFRESHES])
    await house.scan(seconds=31)
    assert house.world.recorded[A] == {"size": 9}
    return await house.the_open()


async def test_drift_stays_what_it_was_when_a_correction_fails_half_way(house: House) -> None:
    one = await failed_once(house)
    (before,) = await house.findings()
    await house.scan(seconds=1)
    (after,) = await house.findings()
    assert (after.origin, after.fingerprint) == (Origin.OUT_OF_BAND, before.fingerprint)
    assert [change["recorded"] for change in after.details["changes"]] == [1]
    (run,) = await house.runs()
    assert run.state is RunState.FAILED
    assert (await house.remediation(one.id)).state is RemediationState.QUEUED


async def test_a_correction_that_failed_half_way_is_tried_again(house: House) -> None:
    one = await failed_once(house)
    await house.scan(seconds=1)
    await house.later(seconds=31)
    ended = await house.remediation(one.id)
    assert (ended.state, ended.attempts) == (RemediationState.CONVERGED, 2)
    assert house.world.live[A] == {"size": 1}


async def test_code_edited_after_a_correction_failed_half_way_is_another_drift(
    house: House,
) -> None:
    one = await failed_once(house)
    house.world.declared[A] = {"size": 5}
    await house.scan(seconds=1)
    assert (await house.remediation(one.id)).state is RemediationState.SUPERSEDED
