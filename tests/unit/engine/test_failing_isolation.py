"""A script that isolates or releases and goes wrong: nothing is lost, and a person is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import FindingState, Remediation, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve, cancel, retry
from reconciler.engine.quarantine.releasing import release
from tests.fake_world import Fate, World
from tests.unit.engine.house import A, House
from tests.unit.engine.isolation import the_quarantine
from tests.unit.engine.scripted_isolation import (
    approved,
    cut_off,
    paths_of,
    proposed,
    scripted_house,
    scripts_of,
)

P, Q = RemediationState, QuarantineState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with scripted_house(tmp_path) as made:
        yield made


async def the_release(house: House) -> Remediation:
    kept = await the_quarantine(house)
    return await house.remediation(kept.release or RemediationId(""))


def halfway(world: World, given: Mapping[str, Any]) -> int:
    cut_off(world, given)
    return 7


async def test_a_script_that_fails_is_run_again_by_the_same_approval(house: House) -> None:
    house.runner.script = halfway
    isolating = await approved(house)
    known = await house.remediation(isolating)
    assert (known.state, known.attempts) == (P.QUEUED, 1)
    # Half of it is done: a scan now must not take that for drift, and void the approval.
    await house.scan()
    assert await paths_of(house) == ["size"]
    assert (await house.remediation(isolating)).state is P.QUEUED
    house.runner.script = cut_off
    await house.later(minutes=30)
    known = await house.remediation(isolating)
    assert (known.state, known.attempts, len(known.approvals)) == (P.CONVERGED, 2, 1)
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_one_that_never_isolates_needs_a_person_and_shows_what_it_left(house: House) -> None:
    house.runner.script = halfway
    isolating = await approved(house)
    for _ in range(3):
        await house.later(minutes=30)
    stuck = await house.remediation(isolating)
    assert (stuck.state, stuck.attempts) == (P.NEEDS_HUMAN, 3)
    assert "the script ended with exit code 7" in str(stuck.note)
    kept = await the_quarantine(house)
    assert kept.state is Q.ISOLATING
    await house.scan()
    assert await paths_of(house) == ["open", "size"]
    house.runner.script = cut_off
    await cancel(house.service, isolating, actor="ann")
    await house.later(seconds=1)
    assert house.world.live[A]["open"] is True
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_one_that_is_tried_again_by_a_person_expects_all_that_it_changed(
    house: House,
) -> None:
    house.runner.script = halfway
    isolating = await approved(house)
    for _ in range(3):
        await house.later(minutes=30)
    await house.scan()
    assert await paths_of(house) == ["open", "size"]
    house.runner.script = cut_off
    await retry(house.service, isolating, reason="the cloud answers again", actor="ann")
    await house.settle()
    await approved(house, await house.remediation(isolating))
    assert (await the_quarantine(house)).state is Q.ACTIVE
    await house.scan()
    assert await paths_of(house) == ["size"]
    house.world.live[A]["size"] = 1
    await house.scan()
    await house.settle()
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_an_end_in_doubt_needs_a_person_and_its_time_still_releases(house: House) -> None:
    house.runner.fates.append(Fate.DIES_AFTER)
    isolating = await approved(house)
    stuck = await house.remediation(isolating)
    assert stuck.state is P.NEEDS_HUMAN
    assert "how the script ended is not known" in str(stuck.note)
    assert house.world.live[A]["open"] is False
    await house.later(hours=5)
    assert house.world.live[A]["open"] is True
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_a_release_that_fails_stays_and_needs_a_person(house: House) -> None:
    await approved(house)
    house.runner.script = lambda _world, _given: 3
    await house.later(hours=5)
    for _ in range(3):
        await house.later(minutes=30)
    stuck = await the_release(house)
    assert (stuck.state, stuck.attempts) == (P.NEEDS_HUMAN, 3)
    kept = await the_quarantine(house)
    assert kept.state is Q.ACTIVE
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED
    house.runner.script = cut_off
    await retry(house.service, stuck.id, reason="the cloud answers again", actor="ann")
    await house.settle()
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert house.world.live[A]["open"] is True


async def test_a_release_that_changed_nothing_is_no_release(house: House) -> None:
    isolating = await approved(house)
    house.runner.fates.extend([Fate.HELPS_NOT])
    await release(house.service, isolating, actor="ann")
    await house.settle()
    waiting = await the_release(house)
    assert waiting.state is P.QUEUED
    assert "still as the script that isolated left it: thing.a" in str(waiting.note)
    assert (await the_quarantine(house)).state is Q.ACTIVE
    await house.later(minutes=30)
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_a_release_at_work_is_nobody_elses_doing(house: House) -> None:
    isolating = await approved(house)
    house.runner.script = halfway
    await release(house.service, isolating, actor="ann")
    await house.settle()
    assert house.world.live[A]["open"] is True
    await house.scan()
    kept = await the_quarantine(house)
    assert (kept.state, kept.reconnected_at) == (Q.ACTIVE, None)


async def test_a_script_that_was_changed_releases_after_an_approval_only(house: House) -> None:
    await approved(house)
    scripts_of(house).change("cut-off", "cut-off-2")
    await house.later(hours=5)
    waiting = await the_release(house)
    assert waiting.state is P.AWAITING_APPROVAL
    assert "its SHA-256 was cut-off-1, and [[script]] allows cut-off-2" in str(waiting.note)
    assert "put its file and its sha256 back" in str(waiting.note)
    assert house.world.live[A]["open"] is False
    digest = waiting.plan_digest or ""
    await approve(house.service, waiting.id, plan_digest=digest, actor="ann")
    await house.settle()
    assert house.world.live[A]["open"] is True
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_the_script_that_isolated_put_back_releases_without_one(house: House) -> None:
    isolating = await approved(house)
    scripts_of(house).change("cut-off", "cut-off-2")
    await house.later(hours=5)
    await cancel(house.service, (await the_release(house)).id, actor="ann")
    scripts_of(house).change("cut-off", "cut-off-1")
    await release(house.service, isolating, actor="ann")
    await house.settle()
    released = await the_release(house)
    assert (released.state, released.approvals) == (P.CONVERGED, ())
    assert house.world.live[A]["open"] is True


async def test_a_file_that_is_not_the_allowed_one_releases_nothing(house: House) -> None:
    await approved(house)
    scripts_of(house).change("cut-off", "cut-off-2", allowed=False)
    await house.later(hours=5)
    stuck = await the_release(house)
    assert stuck.state is P.NEEDS_HUMAN
    assert "is not the allowed one" in str(stuck.note)
    assert (await the_quarantine(house)).state is Q.ACTIVE
    scripts_of(house).change("cut-off", "cut-off-1")
    await retry(house.service, stuck.id, reason="put back", actor="ann")
    await house.settle()
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_a_script_that_was_changed_after_its_approval_does_not_isolate(house: House) -> None:
    waiting = await proposed(house)
    scripts_of(house).change("cut-off", "cut-off-2")
    await approved(house, waiting)
    again = await house.remediation(waiting.id)
    assert again.state is P.AWAITING_APPROVAL
    assert again.plan_digest != waiting.plan_digest
    assert house.world.live[A]["open"] is True
