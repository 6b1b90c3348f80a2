"""A quarantine by a script, over a world in memory: isolated, expected, and released."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.model import Kind
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import FindingState, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.holding import hold
from reconciler.engine.quarantine.releasing import release
from reconciler.engine.requesting import request
from reconciler.engine.sweep import recover
from tests.fake_world import Fate
from tests.unit.engine.house import MANUAL, A, B, House
from tests.unit.engine.isolation import the_quarantine
from tests.unit.engine.scripted_isolation import (
    BY_SCRIPT,
    approved,
    paths_of,
    proposed,
    scripted_house,
)

P, Q = RemediationState, QuarantineState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with scripted_house(tmp_path) as made:
        yield made


async def test_the_script_isolates_after_the_approval_of_exactly_its_run(house: House) -> None:
    waiting = await proposed(house)
    assert waiting.plan is not None
    assert waiting.plan["script"]["sha256"] == "cut-off-1"
    assert waiting.plan["script"]["given"]["action"] == "isolate"
    assert "driver script: cut-off is told to isolate it" in str(waiting.note)
    assert house.world.live[A]["open"] is True
    await approved(house, waiting)
    assert house.world.live[A]["open"] is False
    kept = await the_quarantine(house)
    assert (kept.state, kept.driver) == (Q.ACTIVE, Driver.SCRIPT)
    assert kept.addresses == (A,)


async def test_the_whole_input_of_the_release_is_stored_before_the_effect(house: House) -> None:
    house.runner.fates.append(Fate.STAYS)
    waiting = await proposed(house)
    given = (waiting.plan or {})["script"]["given"]
    walking = asyncio.ensure_future(approved(house, waiting))
    await house.process_known()
    walking.cancel()
    house.forget_wakeups()  # as by a daemon that was killed
    assert house.world.live[A]["open"] is True
    kept = await the_quarantine(house)
    assert kept.script is not None
    assert kept.script.given == {**given, "action": "release"}
    assert (kept.script.sha256, kept.script.left) == ("cut-off-1", None)
    house.runner.release()
    await recover(house.service)
    await house.settle()
    assert (await the_quarantine(house)).state is Q.ACTIVE
    assert len(await house.runs()) == 1


async def test_no_scan_calls_drift_what_the_script_changed(house: House) -> None:
    await approved(house)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED
    assert await paths_of(house) == ["size"]
    assert (await the_quarantine(house)).reconnected_at is None
    assert "drift.changed" not in await house.events()


async def test_what_changes_later_is_drift(house: House) -> None:
    await approved(house)
    house.world.live[A]["owner"] = "somebody"
    await house.scan()
    assert await paths_of(house) == ["owner", "size"]
    assert (await the_quarantine(house)).reconnected_at is None


async def test_what_the_script_left_and_somebody_changes_is_drift_and_is_said(
    house: House,
) -> None:
    await approved(house)
    house.world.live[A]["open"] = "a crack"
    await house.scan()
    assert await paths_of(house) == ["open", "size"]
    kept = await the_quarantine(house)
    assert kept.reconnected_at is not None
    assert "thing.a is not as script cut-off left it" in str(kept.note)
    house.world.live[A]["open"] = False
    await house.scan()
    assert await paths_of(house) == ["size"]
    assert (await the_quarantine(house)).reconnected_at is None


async def test_a_resource_that_shows_nothing_else_counts_as_not_applicable(house: House) -> None:
    await approved(house)
    house.world.live[A]["size"] = 1
    await hold(house.service, by="ann")  # so that nothing is released
    await house.scan()
    assert await house.findings() == ()
    counts = (await house.stack()).counts
    assert counts is not None
    assert (counts.changed, counts.not_applicable) == (0, 1)


async def test_healed_drift_releases(house: House) -> None:
    await approved(house)
    house.world.live[A]["size"] = 1
    await house.scan()
    await house.settle()
    assert house.world.live[A] == {"size": 1, "open": True}
    kept = await the_quarantine(house)
    assert kept.state is Q.RELEASED
    released = await house.remediation(kept.release or RemediationId(""))
    assert (released.state, released.approvals) == (P.CONVERGED, ())
    await house.scan()
    assert await house.findings() == ()


async def test_its_time_releases_it_after_a_restart(house: House) -> None:
    await approved(house)
    house.forget_wakeups()  # as by a daemon that was killed
    await house.later(hours=5)
    assert house.world.live[A] == {"size": 9, "open": True}
    (finding,) = await house.findings()
    assert finding.state is FindingState.OPEN
    await house.scan()
    assert await paths_of(house) == ["size"]


async def test_a_person_releases_it(house: House) -> None:
    isolating = await approved(house)
    await release(house.service, isolating, actor="bob")
    await house.settle()
    assert house.world.live[A]["open"] is True
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_drift_of_what_the_script_changes_comes_back_with_the_release(house: House) -> None:
    house.world.live[A]["open"] = "to everybody"

    def shut(world: object, given: object) -> int:
        del world
        isolates = given["action"] == "isolate"  # type: ignore[index]
        house.world.live[A]["open"] = False if isolates else "to everybody"
        return 0

    house.runner.script = shut
    await approved(house)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED
    changes = {change["path"]: change["live"] for change in finding.details["changes"]}
    assert changes == {"open": "to everybody", "size": 9}
    await house.later(hours=5)
    assert house.world.live[A]["open"] == "to everybody"
    await house.scan()
    assert await paths_of(house) == ["open", "size"]


async def test_what_isolating_put_right_stays_isolated_until_its_time(house: House) -> None:
    house.runner.script = lambda world, given: (
        world.live[A].update(size=1 if given["action"] == "isolate" else 9) or 0
    )
    await approved(house)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED
    assert (await the_quarantine(house)).state is Q.ACTIVE
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert house.world.live[A]["size"] == 9


async def test_what_is_deleted_while_it_is_isolated_is_drift(house: House) -> None:
    await approved(house)
    del house.world.live[A]
    await house.scan()
    (finding,) = await house.findings()
    assert finding.kind is Kind.MISSING


async def test_a_correction_of_what_is_isolated_is_held(house: House) -> None:
    await approved(house)
    (record,) = await house.findings()
    made = await request(house.service, record.report_id, actor="ann")
    await house.settle()
    await approved(house, await house.remediation(made.id))
    held = await house.remediation(made.id)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert "it would change thing.a, which a script isolated" in str(held.hold_reason)
    assert house.world.live[A] == {"size": 9, "open": False}


async def test_what_the_policy_names_besides_is_expected_too(house: House) -> None:
    house.world.edges = {B: A}
    await house.put(replace(BY_SCRIPT, edges=(B,)))

    def shut(_world: object, given: object) -> int:
        house.world.live[B]["open"] = given["action"] == "release"  # type: ignore[index]
        return 0

    house.runner.script = shut
    await approved(house)
    assert house.world.live[B]["open"] is False
    await house.scan()
    assert await paths_of(house) == ["size"]
    await house.put(MANUAL)
    await house.later(hours=5)
    assert house.world.live[B]["open"] is True
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_what_the_policy_names_and_the_script_removes_is_absent_on_purpose(
    house: House,
) -> None:
    house.world.edges = {B: A}
    await house.put(replace(BY_SCRIPT, edges=(B,)))

    def unplug(_world: object, given: object) -> int:
        if given["action"] == "isolate":  # type: ignore[index]
            house.world.live.pop(B, None)
        else:
            house.world.live[B] = {"size": 1, "open": True}
        return 0

    house.runner.script = unplug
    await approved(house)
    await house.scan()
    assert await paths_of(house) == ["size"]
    await house.later(hours=5)
    await house.scan()
    assert await paths_of(house) == ["size"]
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_what_is_gone_is_not_isolated(house: House) -> None:
    del house.world.live[A]
    await house.scan()
    stuck = await house.the_open()
    assert stuck.state is P.NEEDS_HUMAN
    assert "thing.a is gone, so a script has nothing to isolate" in str(stuck.note)


async def test_a_policy_that_became_one_that_isolates_corrects_with_the_tool(house: House) -> None:
    await house.put(replace(MANUAL, policy_id=BY_SCRIPT.policy_id, name=BY_SCRIPT.name))
    waiting = await proposed(house)
    assert waiting.action_type is ActionType.MANUAL_REVIEW
    await house.put(BY_SCRIPT)
    await approved(house, waiting)
    assert house.world.live[A] == {"size": 1, "open": True}
