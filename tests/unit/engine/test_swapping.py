"""A quarantine that swaps groups, over a world in memory: what holds, whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from reconciler.domain.edges import Edge
from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import FindingState, Remediation, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve
from reconciler.engine.holding import hold
from reconciler.engine.quarantine.keeping import undo_of_attempts
from reconciler.engine.quarantine.preparing import swapping
from reconciler.engine.quarantine.releasing import release
from reconciler.engine.requesting import request
from reconciler.engine.scanned import Loaded, load
from reconciler.ports import IacAdapter
from tests.fake_world import Fate, World
from tests.unit.engine.house import MANUAL, QUARANTINE, SHOP, A, House, open_house
from tests.unit.engine.isolation import approve_waiting, the_quarantine

P, Q = RemediationState, QuarantineState
_AT = datetime(2026, 11, 29, tzinfo=UTC)
SWAP = replace(QUARANTINE, driver=Driver.SWAP, isolation_group="alone")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    world = World.in_sync(a={"size": 1, "groups": ["web"]}, b={"size": 1})
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(SWAP)
        yield made


def groups(house: House) -> object:
    return house.world.live[A]["groups"]


async def proposed(house: House) -> Remediation:
    house.world.live[A]["size"] = 9
    await house.scan()
    return await house.the_open()


async def approved(house: House, known: Remediation | None = None) -> RemediationId:
    return await approve_waiting(house, known or await proposed(house))


async def test_the_groups_give_way_after_the_approval(house: House) -> None:
    waiting = await proposed(house)
    assert "driver swap: its security groups give way" in str(waiting.note)
    assert groups(house) == ["web"]
    await approved(house, waiting)
    assert groups(house) == ["alone"]
    kept = await the_quarantine(house)
    assert (kept.state, kept.driver) == (Q.ACTIVE, Driver.SWAP)
    assert kept.undo == {A: {"groups": ["web"]}}


async def test_no_scan_calls_the_swapped_groups_drift(house: House) -> None:
    await approved(house)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED
    assert [change["path"] for change in finding.details["changes"]] == ["size"]
    house.world.live[A]["groups"] = ["alone", "other"]
    await house.scan()
    (finding,) = await house.findings()
    assert [change["path"] for change in finding.details["changes"]] == ["groups", "size"]


async def test_a_resource_that_is_only_swapped_counts_as_not_applicable(house: House) -> None:
    await approved(house)
    house.world.live[A]["size"] = 1
    await hold(house.service, by="ann")  # so that nothing is released
    await house.scan()
    assert await house.findings() == ()
    assert groups(house) == ["alone"]
    counts = (await house.stack()).counts
    assert counts is not None
    assert (counts.changed, counts.not_applicable) == (0, 1)


async def test_healed_drift_gives_the_groups_back(house: House) -> None:
    await approved(house)
    house.world.live[A]["size"] = 1
    await house.scan()
    await house.settle()
    assert groups(house) == ["web"]
    kept = await the_quarantine(house)
    assert kept.state is Q.RELEASED
    released = await house.remediation(kept.release or RemediationId(""))
    assert (released.state, released.approvals) == (P.CONVERGED, ())


async def test_its_time_gives_the_groups_back_after_a_restart(house: House) -> None:
    await approved(house)
    house.forget_wakeups()  # as by a daemon that was killed
    await house.later(hours=5)
    assert groups(house) == ["web"]
    (finding,) = await house.findings()
    assert finding.state is FindingState.OPEN


async def test_drift_of_the_groups_themselves_has_not_healed_by_the_swap(house: House) -> None:
    house.world.live[A]["groups"] = ["open", "web"]
    await approved(house)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED
    assert (await the_quarantine(house)).state is Q.ACTIVE
    await house.later(hours=5)
    assert groups(house) == ["open", "web"]


async def test_groups_that_somebody_gave_back_are_shown(house: House) -> None:
    await approved(house)
    house.world.live[A]["groups"] = ["web"]
    await house.scan()
    kept = await the_quarantine(house)
    assert kept.reconnected_at is not None
    assert "does not hold alone alone any more" in str(kept.note)


async def test_a_release_over_other_groups_waits_for_a_person(house: House) -> None:
    isolating = await approved(house)
    house.world.live[A]["groups"] = ["other"]
    made = await release(house.service, isolating, actor="bob")
    await house.settle()
    waiting = await house.remediation(made.id)
    assert waiting.state is P.AWAITING_APPROVAL
    assert "somebody changed its groups" in str(waiting.note)
    assert groups(house) == ["other"]


def test_groups_that_were_put_right_between_two_attempts_are_what_comes_back() -> None:
    edge = Edge(A, "thing", A, "groups", "alone", "1")
    attempts = Quarantine(
        RemediationId("q"), SHOP, (), (edge,), undo={A: {"groups": ["open"]}},
        state=Q.ISOLATING, since=_AT, expires_at=_AT, group="g",
    )  # fmt: skip

    def planned(*before: str) -> Plan:
        change = PlannedChange(AttributePath("groups"), list(before), ["alone"])
        return Plan(SHOP, (A,), (PlannedResource(A, "thing", Action.UPDATE, (change,)),))

    assert undo_of_attempts(attempts, planned("web"), [edge]) == {A: {"groups": ["web"]}}
    assert undo_of_attempts(attempts, planned("alone"), [edge]) == {A: {"groups": ["open"]}}


async def test_another_state_ends_no_quarantine(house: House) -> None:
    await approved(house)
    house.world.lineage = "another"
    house.world.recorded.clear()
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is not Q.RELEASED


async def test_what_undoes_it_is_stored_before_the_effect(house: House) -> None:
    house.runner.fates.append(Fate.DIES_AFTER)
    isolating = await approved(house)
    assert (await house.remediation(isolating)).state is P.CONVERGED
    await house.later(hours=5)
    assert groups(house) == ["web"]


async def test_a_plan_that_does_more_is_refused(house: House) -> None:
    house.adapter.drags = {ResourceAddress("thing.b")}
    stuck = await proposed(house)
    assert stuck.state is P.NEEDS_HUMAN
    assert "would do more than that: thing.b (update)" in str(stuck.note)


async def test_one_that_holds_the_group_already_needs_a_person(house: House) -> None:
    house.world.live[A]["groups"] = ["alone"]
    stuck = await proposed(house)
    assert stuck.state is P.NEEDS_HUMAN
    assert "holds alone alone already" in str(stuck.note)


async def test_an_instance_that_is_gone_ends_its_quarantine(house: House) -> None:
    await approved(house)
    del house.world.live[A]
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_a_correction_that_would_give_the_groups_back_is_held(house: House) -> None:
    await approved(house)
    await house.put(MANUAL)
    b = ResourceAddress("thing.b")
    house.world.live[b] = {"size": 5}
    house.adapter.drags = {A}
    await house.scan()
    (record,) = [found for found in await house.findings() if found.address == b]
    made = await request(house.service, record.report_id, actor="ann")
    await house.settle()
    waiting = await house.remediation(made.id)
    await approve(house.service, made.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    held = await house.remediation(made.id)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert "it would give thing.a its groups back" in str(held.hold_reason)
    assert groups(house) == ["alone"]


async def test_a_person_asks_for_a_swap_by_the_group(house: House) -> None:
    await house.put(replace(SWAP, action_type=ActionType.MANUAL_REVIEW))
    house.world.live[A]["size"] = 9
    await house.scan()
    (record,) = await house.findings()
    with pytest.raises(InvalidError):
        await request(house.service, record.report_id, isolation_group="mine", actor="ann")
    made = await request(
        house.service,
        record.report_id,
        action_type=ActionType.QUARANTINE,
        isolation_group="mine",
        actor="ann",
    )
    await house.settle()
    await approved(house, await house.remediation(made.id))
    assert groups(house) == ["mine"]


async def test_a_tool_that_cannot_swap_is_refused_by_name(house: House, tmp_path: Path) -> None:
    loaded = await load(house.service, await house.stack())
    other = Loaded(cast("IacAdapter", object()), replace(loaded.snapshot, tool="pulumi"))
    with pytest.raises(PermanentError, match="resources of pulumi cannot be swapped"):
        await swapping(other, [], group="alone", begun=None, others=(), folder=tmp_path)


async def test_a_correction_of_what_is_isolated_is_held(house: House) -> None:
    await approved(house)
    (record,) = await house.findings()
    made = await request(house.service, record.report_id, actor="ann")
    await house.settle()
    await approved(house, await house.remediation(made.id))
    held = await house.remediation(made.id)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert groups(house) == ["alone"]
