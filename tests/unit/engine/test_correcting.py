"""From found to converged, and every way it can come out otherwise."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Snapshot
from reconciler.domain.policy import PolicyId
from reconciler.domain.records import FindingState, Health, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve
from reconciler.engine.holding import hold, resume
from reconciler.engine.remediate import advance
from reconciler.engine.requesting import request
from reconciler.ports import Exited, InDoubt, Outcome, Vanished
from tests.fake_world import Fate, WorldAdapter
from tests.unit.engine.house import AUTO, MANUAL, A, B, House

WAY = (
    RemediationState.DETECTED,
    RemediationState.CONFIRMED,
    RemediationState.DECIDED,
    RemediationState.QUEUED,
    RemediationState.PLANNING,
    RemediationState.APPLYING,
    RemediationState.VERIFYING,
    RemediationState.CONVERGED,
)


async def corrected(house: House) -> None:
    """Drift in one resource, seen and then seen again after its time."""
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)


async def test_drift_is_only_observed_when_no_policy_speaks(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    assert (finding.address, finding.state, finding.acted_on) == (A, FindingState.OPEN, False)
    assert (await house.stack()).health is Health.DRIFTED
    assert await house.remediations() == ()
    assert await house.events() == ["template.changed", "drift.detected", "stack.scanned"]


async def test_drift_is_corrected_unasked_once_it_lasted(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    assert (await house.the_open()).state is RemediationState.DETECTED
    await house.scan(seconds=5)
    assert (await house.the_open()).state is RemediationState.DETECTED
    await house.scan(seconds=30)
    (ended,) = await house.remediations()
    assert (ended.state, ended.note) == (RemediationState.CONVERGED, "verified: no drift")
    assert house.world.live[A] == {"size": 1}
    assert await house.findings() == ()
    assert (await house.stack()).health is Health.IN_SYNC
    assert "shop" in house.wake_ups.scans
    (run,) = await house.runs()
    assert (run.state, run.exit_code, run.progress) == (RunState.FINISHED, 0, {A: "done"})
    assert not list((house.service.runs / run.id).glob("plan*"))
    moves = [event for event in await house.events() if event.startswith("remediation.")]
    assert moves == [f"remediation.{state}" for state in WAY]
    assert [action for action in await house.actions() if action in moves] == moves


async def test_a_person_approves_exactly_one_plan(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    waiting = await house.the_open()
    assert waiting.state is RemediationState.AWAITING_APPROVAL
    assert waiting.plan is not None
    assert waiting.plan["summary"] == "1 to update"
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    ended = await house.remediation(waiting.id)
    assert ended.state is RemediationState.CONVERGED
    assert [approval.person for approval in ended.approvals] == ["ann"]
    assert house.world.live[A] == {"size": 1}


async def test_an_approval_is_void_when_the_live_object_moved_by_then(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    first = await house.the_open()
    house.world.live[A] = {"size": 8}
    await approve(house.service, first.id, plan_digest=first.plan_digest or "", actor="ann")
    await house.settle()
    ended = await house.remediation(first.id)
    assert (ended.state, ended.note) == (RemediationState.SUPERSEDED, "the drift changed")
    assert house.world.effects == []
    await house.scan()
    second = await house.the_open()
    assert (second.state, second.approvals) == (RemediationState.AWAITING_APPROVAL, ())
    assert second.plan_digest != first.plan_digest


async def test_an_approval_is_void_when_the_plan_is_another_by_then(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    first = await house.the_open()
    house.world.live[B] = {"size": 9}
    house.adapter.drags = {B}
    await approve(house.service, first.id, plan_digest=first.plan_digest or "", actor="ann")
    await house.settle()
    second = await house.the_open()
    assert (second.id, second.state, second.approvals) == (
        first.id,
        RemediationState.AWAITING_APPROVAL,
        (),
    )
    assert second.plan_digest != first.plan_digest
    assert "the plan changed after it was approved" in (second.note or "")
    assert house.world.effects == []


async def test_findings_decided_together_are_corrected_together(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    del house.world.live[B]
    await house.scan()
    one = await house.the_open()
    assert one.addresses == (A, B)
    await house.scan(seconds=31)
    assert len(house.world.effects) == 1
    assert house.world.live == house.world.declared


async def test_code_nobody_applied_waits_for_a_person_though_a_policy_corrects(
    house: House,
) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    house.world.declared[B] = {"size": 5}
    await house.scan()
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert (waiting.state, waiting.addresses) == (RemediationState.AWAITING_APPROVAL, (B,))
    assert house.world.live[A] == {"size": 1}
    assert house.world.live[B] == {"size": 1}


async def test_a_plan_that_would_do_more_waits_for_a_person(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.world.live[B] = {"size": 9}
    house.world.unreadable.add(B)
    house.adapter.before_plan = house.world.unreadable.clear
    house.adapter.drags = {B}
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert waiting.state is RemediationState.AWAITING_APPROVAL
    assert waiting.note == "thing.b would be changed too (update), without drift of its own"
    assert waiting.plan is not None
    assert waiting.plan["concerns"] == [waiting.note]


async def test_a_wish_to_correct_is_no_approval(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    asked = await request(
        house.service, finding.report_id, action_type=AUTO.action_type, actor="bob"
    )
    await house.settle()
    waiting = await house.remediation(asked.id)
    assert (waiting.state, waiting.requested_by) == (RemediationState.AWAITING_APPROVAL, "bob")
    assert waiting.note == "no policy allows this correction without approval"


async def test_an_empty_plan_is_converged_and_no_policy_asks_again(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    first = await house.the_open()
    await approve(house.service, first.id, plan_digest=first.plan_digest or "", actor="ann")
    house.world.live[A] = {"size": 1}
    await house.settle()
    assert (await house.remediation(first.id)).state is RemediationState.CONVERGED
    assert house.world.effects == []
    house.world.live[A] = {"size": 9}
    await house.scan()
    assert [remediation.state for remediation in await house.remediations()] == [
        RemediationState.CONVERGED
    ]


async def test_a_locked_state_is_waited_for(house: House) -> None:
    house.world.refuses_plan = RetryableError("locked by ann since 10:00")
    await corrected(house)
    waiting = await house.the_open()
    assert (waiting.state, waiting.note) == (RemediationState.QUEUED, "locked by ann since 10:00")
    assert waiting.next_at == house.clock.now() + timedelta(seconds=30)
    assert waiting.attempts == 0
    house.world.refuses_plan = None
    await house.later(seconds=20)
    assert (await house.the_open()).state is RemediationState.QUEUED
    await house.later(seconds=11)
    assert (await house.remediation(waiting.id)).state is RemediationState.CONVERGED


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermanentError("no such variable", remedy="set it"), "no such variable; set it"),
        (ValueError("password=hunter2"), "an unexpected ValueError"),
    ],
)
async def test_what_cannot_be_planned_needs_a_person(
    house: House, error: Exception, words: str
) -> None:
    house.world.refuses_plan = error
    await corrected(house)
    stuck = await house.the_open()
    assert stuck.state is RemediationState.NEEDS_HUMAN
    assert words in (stuck.note or "")
    assert "hunter2" not in (stuck.note or "")
    assert list(house.service.runs.iterdir()) == []


async def test_a_clean_failure_is_tried_again_a_few_times_and_ever_later(house: House) -> None:
    house.runner.fates = deque([Fate.FAILS] * 3)
    await corrected(house)
    pauses = []
    while (one := await house.the_open()).state is RemediationState.QUEUED:
        assert one.next_at is not None
        pauses.append((one.next_at - house.clock.now()).total_seconds())
        await house.later(seconds=pauses[-1])
    assert pauses == [30, 90]
    assert (one.state, one.attempts, one.note) == (RemediationState.NEEDS_HUMAN, 3, "exit code 1")
    assert {run.state for run in await house.runs()} == {RunState.FAILED}


async def test_an_apply_that_does_not_help_is_tried_again_and_then_given_up(
    house: House,
) -> None:
    house.runner.fates = deque([Fate.HELPS_NOT] * 3)
    await corrected(house)
    assert (await house.the_open()).state is RemediationState.QUEUED
    await house.later(seconds=30)
    await house.later(seconds=90)
    stuck = await house.the_open()
    assert (stuck.state, stuck.note) == (RemediationState.NEEDS_HUMAN, "still drifted: thing.a")


async def test_a_stale_plan_is_made_anew(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.moves_state = True
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert (waiting.state, waiting.note) == (RemediationState.QUEUED, "the plan is stale")
    house.runner.moves_state = False
    await house.later(seconds=30)
    assert (await house.remediation(waiting.id)).state is RemediationState.CONVERGED


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.DIES_AFTER, RemediationState.CONVERGED),
        (Fate.DIES_BEFORE, RemediationState.NEEDS_HUMAN),
    ],
)
async def test_only_a_fresh_read_ends_a_doubt(
    house: House, fate: Fate, state: RemediationState
) -> None:
    house.runner.fates.append(fate)
    await corrected(house)
    (one,) = await house.remediations()
    assert one.state is state
    assert "remediation.unknown" in await house.events()
    assert [run.state for run in await house.runs()] == [RunState.IN_DOUBT]
    await house.scan(hours=1)
    await house.scan(hours=1)
    assert len(house.runner.jobs) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (PermanentError("no such program"), RemediationState.QUEUED),
        (OSError("who knows"), RemediationState.NEEDS_HUMAN),
    ],
)
async def test_a_runner_that_does_not_start(
    house: House, error: Exception, state: RemediationState
) -> None:
    house.runner.refuses = error
    await corrected(house)
    assert (await house.the_open()).state is state
    assert house.world.effects == []


async def test_what_cannot_be_read_after_an_apply_is_not_converged(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.then = lambda: house.world.unreadable.add(A)
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert (waiting.state, waiting.note) == (
        RemediationState.VERIFYING,
        "thing.a cannot be read: denied",
    )
    house.world.unreadable.clear()
    await house.later(seconds=30)
    assert (await house.remediation(waiting.id)).state is RemediationState.CONVERGED


async def test_what_gives_no_answer_after_an_apply_is_not_converged(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.then = lambda: house.world.unseen.add(A)
    await house.scan(seconds=31)
    one = await house.the_open()
    assert (one.state, one.note) == (
        RemediationState.VERIFYING,
        "thing.a cannot be read: throttled",
    )


async def test_what_stays_unreadable_after_an_apply_needs_a_person(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()

    def broken() -> None:
        house.world.refuses_load = RetryableError("backend away")

    house.runner.then = broken
    await house.scan(seconds=31)
    assert (await house.the_open()).state is RemediationState.VERIFYING
    await house.later(minutes=59)
    assert (await house.the_open()).state is RemediationState.VERIFYING
    await house.later(minutes=30)
    stuck = await house.the_open()
    assert (stuck.state, stuck.note) == (RemediationState.NEEDS_HUMAN, "backend away")
    assert len(await house.findings()) == 1


async def test_nothing_begins_under_a_hold(house: House) -> None:
    await hold(house.service, by="ann", reason="release day")
    await corrected(house)
    held = await house.the_open()
    assert (held.state, held.hold_reason) == (
        RemediationState.HELD,
        "ann put all corrections on hold: release day",
    )
    await house.later(seconds=61)
    assert (await house.the_open()).state is RemediationState.HELD
    assert house.world.effects == []
    await resume(house.service, by="ann")
    await house.settle()
    assert (await house.remediation(held.id)).state is RemediationState.CONVERGED


async def test_a_hold_that_comes_while_planning_is_met_before_the_apply(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.adapter.after_plan = lambda: hold(house.service, by="ann", reason="now")
    await house.scan(seconds=31)
    assert (await house.the_open()).state is RemediationState.HELD
    assert house.world.effects == []
    assert list(house.service.runs.iterdir()) == []


async def test_a_hold_lets_go_by_itself_when_its_time_is_over(house: House) -> None:
    until = house.clock.now() + timedelta(minutes=10)
    await hold(house.service, by="ann", reason="", until=until)
    await corrected(house)
    held = await house.the_open()
    assert held.hold_until == until
    await house.later(minutes=11)
    assert (await house.remediation(held.id)).state is RemediationState.CONVERGED


async def test_a_failing_stack_is_not_corrected(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.world.refuses_load = RetryableError("backend away")
    await house.scan(seconds=31)
    one = await house.the_open()
    await house.service.store.transact(
        lambda tx: tx.findings.touch_many(one.finding_ids, seen_at=house.clock.now())
    )
    await advance(house.service, one.id)
    held = await house.the_open()
    assert held.state is RemediationState.HELD
    assert "the last scan of the stack failed: backend away" in (held.hold_reason or "")


async def test_of_two_remediations_of_a_stack_one_waits(house: House) -> None:
    only_a = replace(AUTO, selection=replace(AUTO.selection, address=A))
    only_b = replace(
        AUTO, policy_id=PolicyId("b"), name="b", selection=replace(AUTO.selection, address=B)
    )
    await house.put(only_a, only_b)
    house.world.live[A] = house.world.live[B] = {"size": 9}
    house.runner.fates.append(Fate.DIES_BEFORE)
    await house.scan()
    house.runner.then = lambda: house.world.unreadable.update((A, B))
    await house.scan(seconds=31)
    one, other = await house.remediations()
    assert {one.state, other.state} == {RemediationState.UNKNOWN, RemediationState.HELD}
    assert len(house.runner.jobs) == 1


async def test_a_policy_that_is_taken_back_corrects_nothing(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.service.store.transact(lambda tx: tx.policies.remove(AUTO.policy_id))
    await house.scan(seconds=31)
    (one,) = await house.remediations()
    assert (one.state, one.note) == (RemediationState.SUPPRESSED, "no policy asks for it any more")
    assert (await house.findings())[0].state is FindingState.OPEN


async def test_a_policy_that_is_taken_back_while_planning_leaves_it_to_a_person(
    house: House,
) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()

    async def taken_back() -> None:
        await house.service.store.transact(lambda tx: tx.policies.remove(AUTO.policy_id))

    house.adapter.after_plan = taken_back
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert waiting.state is RemediationState.AWAITING_APPROVAL
    assert waiting.note == "no policy allows this correction without approval"


async def test_an_advance_of_nothing_does_nothing(house: House) -> None:
    await advance(house.service, AUTO.policy_id)  # type: ignore[arg-type]
    assert await house.events() == []


class _LeavesState(WorldAdapter):
    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        del snapshot, ended, log
        return InDoubt("its state is in errored.tfstate; put it back", for_person=True)


async def test_what_no_read_resolves_needs_a_person_and_sets_the_breaker(house: House) -> None:
    adapter = _LeavesState(house.worlds)
    house.service.adapter_of = lambda _stack: adapter
    await house.put(AUTO)
    house.world.live[A] = {"size": 2}
    await house.scan(seconds=1)
    await house.scan(seconds=40)
    left = await house.the_open()
    assert left.state is RemediationState.NEEDS_HUMAN
    assert "put it back" in (left.note or "")
    (hold,) = await house.read(lambda view: view.holds.all())
    assert hold.unasked
    assert "put it back" in hold.reason
    (run,) = await house.runs()
    assert run.state is RunState.IN_DOUBT
