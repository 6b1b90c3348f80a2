"""From drift to isolation and back, over a world in memory: what holds, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.errors import ConflictError, RetryableError
from reconciler.domain.model import ProviderDoubt, ResourceAddress
from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import FindingRecord, FindingState, Remediation, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve, cancel, reject, retry
from reconciler.engine.quarantine.releasing import release
from reconciler.engine.requesting import request
from reconciler.engine.stacks import remove
from reconciler.engine.sweep import recover
from reconciler.ports import RunnerProcess
from tests.fake_world import Fate, WorldRunner
from tests.unit.engine.board import begin, listen, tell
from tests.unit.engine.house import MANUAL, QUARANTINE, SHOP, A, B, House
from tests.unit.engine.isolation import EDGE, approve_waiting, detaching_house, the_quarantine

P, Q = RemediationState, QuarantineState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with detaching_house(tmp_path) as made:
        yield made


async def quarantines(house: House) -> tuple[Quarantine, ...]:
    return await house.read(lambda view: view.quarantines.page().items)


async def proposed(house: House) -> Remediation:
    house.world.live[A] = {"size": 9}
    await house.scan()
    return await house.the_open()


async def approved(house: House, known: Remediation | None = None) -> RemediationId:
    return await approve_waiting(house, known or await proposed(house))


async def test_it_is_detached_after_the_approval_of_its_plan(house: House) -> None:
    waiting = await proposed(house)
    assert str(waiting.note).startswith("it isolates thing.a until it is released, for 4 h at most")
    assert "driver detach" in str(waiting.note)
    assert waiting.plan is not None
    assert [one["action"] for one in waiting.plan["resources"]] == ["delete"]
    assert EDGE in house.world.live
    assert await quarantines(house) == ()
    await approved(house, waiting)
    assert EDGE not in house.world.live
    kept = await the_quarantine(house)
    assert (kept.state, kept.addresses, kept.undo) == (Q.ACTIVE, (EDGE,), {EDGE: {"port": 80}})
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED


async def test_no_scan_calls_the_detached_edge_drift(house: House) -> None:
    await approved(house)
    await house.scan()
    assert {record.address for record in await house.findings()} == {A}
    stack = await house.stack()
    assert stack.counts is not None
    assert (stack.counts.missing, stack.counts.not_applicable) == (0, 1)
    assert await house.remediations(P.DETECTED, P.AWAITING_APPROVAL) == ()


async def test_drift_that_goes_on_stays_in_quarantine(house: House) -> None:
    await approved(house)
    house.world.live[A] = {"size": 12}
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.QUARANTINED


async def test_healed_drift_releases(house: House) -> None:
    await approved(house)
    house.world.live[A] = {"size": 1}
    await house.scan()
    assert house.world.live[EDGE] == {"port": 80}
    kept = await the_quarantine(house)
    assert kept.state is Q.RELEASED
    assert kept.release is not None
    released = await house.remediation(kept.release)
    assert (released.action_type, released.state) == (ActionType.RELEASE, P.CONVERGED)
    assert released.requested_by == "policy"
    assert await house.findings() == ()


async def test_its_time_releases_and_the_drift_is_open_again(house: House) -> None:
    await approved(house)
    house.forget_wakeups()  # as by a daemon that was killed
    await house.later(hours=3, minutes=59)
    assert EDGE not in house.world.live
    await house.later(minutes=2)
    assert EDGE in house.world.live
    (finding,) = await house.findings()
    assert (finding.state, finding.decision) == (FindingState.OPEN, None)
    assert "quarantine.released" in await house.events()


async def test_a_person_releases_and_no_policy_asks_again(house: House) -> None:
    isolating = await approved(house)
    made = await release(house.service, isolating, actor="bob")
    again = await release(house.service, isolating, actor="bob")
    assert again.id == made.id
    await house.settle()
    assert EDGE in house.world.live
    await house.scan()
    assert await house.remediations(P.AWAITING_APPROVAL) == ()
    with pytest.raises(ConflictError) as caught:
        await release(house.service, isolating, actor="bob")
    assert caught.value.code == "not-quarantined"


async def test_a_release_that_does_more_waits_for_a_person(house: House) -> None:
    await approved(house)
    house.world.declared[EDGE] = {"port": 81}
    await house.later(hours=5)
    waiting = await house.the_open()
    assert waiting.state is P.AWAITING_APPROVAL
    assert waiting.note == "thing.edge would be attached otherwise than before: port"
    assert EDGE not in house.world.live
    await approved(house, waiting)
    assert house.world.live[EDGE] == {"port": 81}


async def test_a_release_that_waits_is_an_alert_though_its_drift_is_gone(house: House) -> None:
    await approved(house)
    board = listen(house)
    await begin(house)
    house.world.declared[EDGE] = {"port": 81}
    house.world.live[A] = {"size": 1}
    await house.scan()
    waiting = await house.the_open()
    assert waiting.state is P.AWAITING_APPROVAL
    await tell(house)
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop: thing.edge is not released from quarantine"
    assert notice.commands[0] == f"trueup remediation {waiting.id}"
    assert notice.members[0].awaiting == (waiting.id, waiting.plan_digest)
    await approved(house, waiting)
    await tell(house)
    assert board.open == []


@pytest.mark.parametrize(("provider", "asks"), [("", True), ("thing", True), ("other", False)])
async def test_a_release_through_a_doubted_provider_waits_for_a_person(
    house: House, provider: str, *, asks: bool
) -> None:
    house.world.providers = {EDGE: "thing"}
    isolating = await approved(house)
    house.world.doubts = (ProviderDoubt(provider, "its region was edited"),)
    made = await release(house.service, isolating, actor="bob")
    await house.settle()
    waiting = await house.remediation(made.id)
    assert waiting.state is (P.AWAITING_APPROVAL if asks else P.CONVERGED)
    assert ("its region was edited" in str(waiting.note)) == asks
    assert (EDGE in house.world.live) == (not asks)


async def test_a_rejected_release_is_not_begun_again_by_itself(house: House) -> None:
    isolating = await approved(house)
    house.world.declared[EDGE] = {"port": 81}
    await house.later(hours=5)
    waiting = await house.the_open()
    await reject(house.service, waiting.id, reason="not yet", actor="ann")
    await house.later(hours=1)
    assert (await the_quarantine(house)).state is Q.ACTIVE
    made = await release(house.service, isolating, actor="ann")
    assert made.id != waiting.id


async def test_an_edge_that_the_code_lost_ends_the_quarantine(house: House) -> None:
    await approved(house)
    del house.world.declared[EDGE]
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert EDGE not in house.world.live


async def test_what_nothing_connects_needs_a_person(house: House) -> None:
    house.world.edges = {}
    stuck = await proposed(house)
    assert stuck.state is P.NEEDS_HUMAN
    assert "nothing that could be detached connects thing.a" in str(stuck.note)


async def test_a_plan_that_detaches_more_is_refused(house: House) -> None:
    house.adapter.drags = {B}
    stuck = await proposed(house)
    assert stuck.state is P.NEEDS_HUMAN
    assert "would do more than that: thing.b (delete)" in str(stuck.note)
    assert B in house.world.live


async def test_a_plan_that_leaves_an_edge_attached_is_refused(house: House) -> None:
    house.adapter.leaves = {EDGE}
    stuck = await proposed(house)
    assert stuck.state is P.NEEDS_HUMAN
    assert "the plan would leave thing.edge attached" in str(stuck.note)
    assert await quarantines(house) == ()


async def test_what_undoes_it_is_stored_before_the_effect(house: House) -> None:
    house.runner.fates.append(Fate.DIES_BEFORE)
    isolating = await approved(house)
    assert (await the_quarantine(house)).state is Q.ISOLATING
    stuck = await house.remediation(isolating)
    assert (stuck.state, stuck.note) == (P.NEEDS_HUMAN, "still attached: thing.edge")
    await cancel(house.service, isolating, actor="ann")
    await house.later(seconds=30)
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert EDGE in house.world.live


async def test_a_daemon_that_dies_before_the_effect_begins_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = await proposed(house)

    async def dies(*_: object, **__: object) -> RunnerProcess:
        raise asyncio.CancelledError

    with monkeypatch.context() as killed:
        killed.setattr(WorldRunner, "start", dies)
        with pytest.raises(asyncio.CancelledError):
            await approved(house, waiting)
    assert (await the_quarantine(house)).state is Q.ISOLATING
    assert (await house.remediation(waiting.id)).state is P.APPLYING
    assert EDGE in house.world.live
    house.forget_wakeups()
    await recover(house.service)
    await house.settle()
    await house.later(minutes=5)
    assert (await the_quarantine(house)).state is Q.ACTIVE
    assert EDGE not in house.world.live
    await house.later(hours=5)
    assert EDGE in house.world.live


async def test_a_daemon_that_dies_during_the_effect_adopts_it(house: House) -> None:
    house.runner.fates.append(Fate.STAYS)
    waiting = await proposed(house)
    walking = asyncio.ensure_future(approved(house, waiting))
    await house.process_known()
    walking.cancel()
    house.forget_wakeups()
    house.runner.release()
    await recover(house.service)
    await house.settle()
    assert (await the_quarantine(house)).state is Q.ACTIVE
    assert len(await house.runs()) == 1


async def test_a_stack_with_a_quarantine_is_not_removed(house: House) -> None:
    await approved(house)
    stack = replace(await house.stack(), source="api")
    await house.service.store.transact(lambda tx: tx.stacks.put(stack))
    with pytest.raises(ConflictError) as caught:
        await remove(house.service, SHOP, actor="ann")
    assert caught.value.code == "quarantined"


async def test_an_end_in_doubt_that_detached_is_a_quarantine(house: House) -> None:
    house.runner.fates.append(Fate.DIES_AFTER)
    isolating = await approved(house)
    assert (await house.remediation(isolating)).state is P.CONVERGED
    assert (await the_quarantine(house)).state is Q.ACTIVE
    await house.later(hours=5)
    assert EDGE in house.world.live


async def test_one_that_is_stuck_is_released_when_its_time_is_over(house: House) -> None:
    house.runner.fates.append(Fate.DIES_BEFORE)
    isolating = await approved(house)
    house.world.detach(EDGE)  # the effect came after all
    await house.later(hours=5)
    assert (await house.remediation(isolating)).state is P.FAILED
    assert EDGE in house.world.live


async def test_a_release_in_doubt_is_not_lost(house: House) -> None:
    isolating = await approved(house)
    house.runner.fates.append(Fate.DIES_BEFORE)
    made = await release(house.service, isolating, actor="bob")
    await house.settle()
    stuck = await house.remediation(made.id)
    assert (stuck.state, stuck.note) == (P.NEEDS_HUMAN, "still detached: thing.edge")
    await cancel(house.service, made.id, actor="bob")
    assert (await the_quarantine(house)).state is Q.ACTIVE
    await house.later(hours=5)
    assert EDGE in house.world.live


async def detached_without_a_record(house: House) -> RemediationId:
    """Let the run end after the edge was destroyed, and before the state was written."""
    house.runner.fates.append(Fate.DIES_BEFORE)
    house.runner.then = lambda: house.world.live.pop(EDGE)
    isolating = await approved(house)
    house.runner.then = None
    assert (await the_quarantine(house)).state is Q.ACTIVE
    assert EDGE in house.world.recorded
    return isolating


async def test_a_release_never_leaves_an_edge_that_is_recorded_and_gone(house: House) -> None:
    made = await release(house.service, await detached_without_a_record(house), actor="bob")
    await house.settle()
    stuck = await house.remediation(made.id)
    assert stuck.state is P.NEEDS_HUMAN
    assert "still detached: thing.edge" in str(stuck.note)
    assert "`tool state rm thing.edge`" in str(stuck.note)
    assert (await the_quarantine(house)).state is Q.ACTIVE
    house.world.detach(EDGE)  # as the command does
    await retry(house.service, made.id, reason="done", actor="bob")
    await house.settle()
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert EDGE in house.world.live


async def test_an_edge_that_cannot_be_read_keeps_its_quarantine(house: House) -> None:
    isolating = await detached_without_a_record(house)
    house.world.unreadable = {EDGE}
    made = await release(house.service, isolating, actor="bob")
    await house.settle()
    assert (await house.remediation(made.id)).state is P.QUEUED
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_a_correction_that_would_attach_it_is_held(house: House) -> None:
    await approved(house)
    await house.put(MANUAL)
    house.world.live[B] = {"size": 5}
    house.adapter.drags = {EDGE}
    (record,) = [one for one in await _scanned(house) if one.address == B]
    made = await request(house.service, record.report_id, actor="ann")
    await house.settle()
    waiting = await house.remediation(made.id)
    await approve(house.service, made.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    held = await house.remediation(made.id)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert "it would attach thing.edge again" in str(held.hold_reason)
    assert EDGE not in house.world.live
    # Each look is a plan of the tool: an hour's looks are no sixty of them.
    before = (await house.events()).count("remediation.planning")
    for _ in range(120):
        await house.later(minutes=1)
    assert 1 < (await house.events()).count("remediation.planning") - before < 30
    quarantine = await the_quarantine(house)
    await release(house.service, quarantine.id, actor="bob")
    house.adapter.drags = set()
    await house.settle()
    # Released, it is planned at once; without the edge that is another plan than was approved.
    assert (await house.remediation(made.id)).state is P.AWAITING_APPROVAL


async def test_one_at_a_time_of_a_policy(house: House) -> None:
    other = ResourceAddress("thing.other")
    house.world.declared[other] = {"port": 81}
    house.world.recorded[other] = {"port": 81}
    house.world.live[other] = {"port": 81}
    house.world.edges[other] = B
    first = await approved(house)
    house.world.live[B] = {"size": 7}
    await house.scan()
    second = await approved(house, await house.the_open())
    held = await house.remediation(second)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert other in house.world.live
    await release(house.service, first, actor="ann")
    await house.settle()
    await house.later(seconds=70)
    assert other not in house.world.live


async def test_an_edge_that_somebody_attached_is_shown(house: House) -> None:
    await approved(house)
    house.world.correct(EDGE)
    await house.scan()
    kept = await the_quarantine(house)
    assert kept.reconnected_at is not None
    assert "thing.edge is attached again" in str(kept.note)
    assert (await house.events()).count("quarantine.reconnected") == 1
    await house.scan()
    assert (await house.events()).count("quarantine.reconnected") == 1
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_an_edge_that_is_back_and_drifts_is_attached_again(house: House) -> None:
    await approved(house)
    house.world.correct(EDGE)
    house.world.live[EDGE] = {"port": 81}
    await house.scan()
    assert (await the_quarantine(house)).reconnected_at is not None


async def test_an_edge_that_cannot_be_read_is_neither_attached_nor_detached(house: House) -> None:
    await detached_without_a_record(house)
    house.world.unreadable = {EDGE}
    await house.scan()
    assert (await the_quarantine(house)).reconnected_at is None
    house.world.unreadable = set()
    house.world.correct(EDGE)
    await house.scan()
    assert (await the_quarantine(house)).reconnected_at is not None
    house.world.unreadable = {EDGE}
    await house.scan()
    assert (await the_quarantine(house)).reconnected_at is not None


async def test_a_persons_quarantine_takes_the_place_of_a_correction(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    (record,) = await _scanned(house)
    known = await house.the_open()
    made = await request(
        house.service, record.report_id, action_type=ActionType.QUARANTINE, actor="ann"
    )
    if known.action_type is ActionType.QUARANTINE:
        assert made.id == known.id
    else:
        assert (await house.remediation(known.id)).state is P.CANCELLED
    await house.settle()
    await approved(house, await house.the_open())
    assert EDGE not in house.world.live


@pytest.mark.parametrize("group", [None, "alone"])
async def test_a_request_that_could_isolate_nothing_leaves_the_correction(
    house: House, group: str | None
) -> None:
    house.world.edges = {}
    await house.put(replace(QUARANTINE, action_type=ActionType.MANUAL_REVIEW))
    house.world.live[A] = {"size": 9}
    (record,) = await _scanned(house)
    known = await house.the_open()
    assert known.state is P.AWAITING_APPROVAL
    with pytest.raises(ConflictError, match=r"nothing that .* thing\.a") as caught:
        await request(
            house.service,
            record.report_id,
            action_type=ActionType.QUARANTINE,
            isolation_group=group,
            actor="ann",
        )
    assert caught.value.code == "not-isolatable"
    assert "docs/quarantine.md" in str(caught.value.remedy)
    await house.settle()
    assert await house.the_open() == known


async def test_a_quarantine_is_requested_while_its_stack_cannot_be_read(house: House) -> None:
    await house.put(replace(QUARANTINE, action_type=ActionType.MANUAL_REVIEW))
    house.world.live[A] = {"size": 9}
    (record,) = await _scanned(house)
    known = await house.the_open()
    house.world.refuses_load = RetryableError("the backend is away")
    made = await request(
        house.service, record.report_id, action_type=ActionType.QUARANTINE, actor="ann"
    )
    assert made.note == f"correction {known.id[:8]} (awaiting approval) was cancelled for this"


async def test_a_failed_attempt_keeps_what_it_stored(house: House) -> None:
    house.runner.fates.append(Fate.FAILS)
    isolating = await approved(house)
    waiting = await house.remediation(isolating)
    assert waiting.state is P.QUEUED
    await house.later(minutes=5)
    assert (await house.remediation(isolating)).state is P.CONVERGED
    assert (await the_quarantine(house)).undo == {EDGE: {"port": 80}}


async def test_a_stuck_quarantine_can_be_retried(house: House) -> None:
    house.runner.fates.append(Fate.DIES_BEFORE)
    isolating = await approved(house)
    await retry(house.service, isolating, reason="again", actor="ann")
    await house.settle()
    await approved(house, await house.remediation(isolating))
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def _scanned(house: House) -> tuple[FindingRecord, ...]:
    await house.scan()
    return await house.findings()
