from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError, PermanentError
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    FindingId,
    FindingState,
    Remediation,
    RemediationId,
    ReportId,
    RunState,
)
from reconciler.domain.remediation_states import TERMINAL, RemediationState
from reconciler.engine.decisions import approve, cancel, reject, retry, suppress
from reconciler.engine.holding import hold, resume
from reconciler.engine.remediate import advance
from reconciler.engine.requesting import request
from reconciler.engine.service import Service
from reconciler.engine.splitting import split
from reconciler.engine.suppression import unsuppress
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, A, B, House

NOBODY = RemediationId("nobody")
DIGEST = "0" * 64


async def awaiting(house: House) -> Remediation:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    return await house.the_open()


async def stuck(house: House) -> Remediation:
    """A remediation that needs a person."""
    house.world.refuses_plan = PermanentError("no plan")
    one = await awaiting(house)
    assert one.state is RemediationState.NEEDS_HUMAN
    house.world.refuses_plan = None
    return one


def code_of(caught: pytest.ExceptionInfo[ConflictError]) -> str:
    return caught.value.code


DEEDS: dict[str, Callable[[Service, RemediationId], Awaitable[object]]] = {
    "approve": lambda service, one: approve(service, one, plan_digest=DIGEST, actor="ann"),
    "reject": lambda service, one: reject(service, one, reason="no", actor="ann"),
    "cancel": lambda service, one: cancel(service, one, actor="ann"),
    "retry": lambda service, one: retry(service, one, reason="again", actor="ann"),
    "suppress": lambda service, one: suppress(service, one, reason="fine", actor="ann"),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
async def test_there_is_nothing_to_decide_about_nobody(
    house: House, deed: Callable[[Service, RemediationId], Awaitable[object]]
) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        await deed(house.service, NOBODY)


@pytest.mark.parametrize(("name", "deed"), DEEDS.items(), ids=DEEDS)
async def test_what_has_ended_is_not_decided_about(
    house: House, name: str, deed: Callable[[Service, RemediationId], Awaitable[object]]
) -> None:
    one = await awaiting(house)
    await reject(house.service, one.id, reason="no", actor="ann")
    with pytest.raises(ConflictError) as caught:
        await deed(house.service, one.id)
    assert code_of(caught) == ("not-awaiting" if name in ("approve", "reject") else "moved-on")


async def test_another_digest_than_the_plans_is_refused(house: House) -> None:
    one = await awaiting(house)
    with pytest.raises(ConflictError) as caught:
        await approve(house.service, one.id, plan_digest=DIGEST, actor="ann")
    assert code_of(caught) == "plan-digest-mismatch"
    assert await house.remediation(one.id) == one


@pytest.mark.parametrize("decide", [reject, suppress], ids=["reject", "suppress"])
async def test_a_decision_about_another_plan_than_was_read_is_refused(
    house: House, decide: Callable[..., Awaitable[object]]
) -> None:
    one = await awaiting(house)
    with pytest.raises(ConflictError) as caught:
        await decide(house.service, one.id, reason="no", actor="ann", plan_digest=DIGEST)
    assert code_of(caught) == "plan-digest-mismatch"
    assert await house.remediation(one.id) == one
    await decide(house.service, one.id, reason="no", actor="ann", plan_digest=one.plan_digest)
    assert (await house.remediation(one.id)).state in {
        RemediationState.REJECTED,
        RemediationState.SUPPRESSED,
    }


async def test_what_was_not_decided_in_time_expires_and_is_asked_again(house: House) -> None:
    one = await awaiting(house)
    house.clock.move(hours=24)
    with pytest.raises(ConflictError, match="is over"):
        await approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann")
    await house.later(seconds=0)
    assert (await house.remediation(one.id)).state is RemediationState.EXPIRED
    await house.scan()
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL


async def test_of_two_decisions_at_once_one_counts(house: House) -> None:
    one = await awaiting(house)
    outcomes = await asyncio.gather(
        approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann"),
        reject(house.service, one.id, reason="no", actor="bob"),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 1


async def test_an_approval_is_in_the_audit_with_its_digest(house: House) -> None:
    one = await awaiting(house)
    await approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann")
    entry = (await house.read(lambda view: view.audit.page(subject=one.id))).items[0]
    assert (entry.actor, entry.action) == ("ann", "remediation.queued")
    assert entry.details["from"] == "awaiting_approval"
    assert entry.details["plan_digest"] == one.plan_digest


async def test_cancelling_before_the_apply_ends_it(house: House) -> None:
    one = await awaiting(house)
    ended = await cancel(house.service, one.id, actor="ann")
    assert (ended.state, ended.note) == (RemediationState.CANCELLED, "cancelled by ann")
    await house.scan()
    assert {each.state for each in await house.remediations()} == {RemediationState.CANCELLED}


async def test_what_needed_a_person_is_given_up(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (found,) = await house.findings()
    house.world.refuses_plan = PermanentError("the code is broken")
    asked = await request(house.service, found.report_id, actor="bob")
    await house.settle()
    ended = await cancel(house.service, asked.id, actor="ann")
    assert ended.state is RemediationState.FAILED
    assert ended.note == "given up by ann before anything was applied"


async def test_an_apply_is_asked_to_stop_exactly_once(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.fates = deque([Fate.STAYS])
    one = await house.the_open()
    house.clock.move(hours=1)
    await house.service.store.transact(
        lambda tx: tx.findings.touch_many(one.finding_ids, seen_at=house.clock.now())
    )
    walking = asyncio.create_task(advance(house.service, one.id))
    await house.process_known()
    for _ in range(3):
        assert (await cancel(house.service, one.id, actor="ann")).state is RemediationState.APPLYING
    house.runner.release()
    await walking
    ended = await house.remediation(one.id)
    assert ended.state is RemediationState.NEEDS_HUMAN
    (job,) = house.runner.jobs.values()
    assert job.interrupts == 1
    (run,) = await house.runs()
    assert (run.state, run.exit_code) == (RunState.FAILED, 1)
    assert house.world.effects == []


HOUR = timedelta(hours=1)


async def test_what_is_being_verified_cannot_be_cancelled(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.then = lambda: house.world.unreadable.add(A)
    await house.scan(seconds=31)
    one = await house.the_open()
    assert one.state is RemediationState.VERIFYING
    with pytest.raises(ConflictError) as caught:
        await cancel(house.service, one.id, actor="ann")
    assert code_of(caught) == "moved-on"


async def test_who_needs_a_person_can_be_tried_again(house: House) -> None:
    one = await stuck(house)
    await retry(house.service, one.id, reason="code mended", actor="ann")
    await house.settle()
    again = await house.the_open()
    assert (again.id, again.state, again.attempts) == (
        one.id,
        RemediationState.AWAITING_APPROVAL,
        0,
    )


async def test_a_retry_forgets_old_approvals_and_takes_the_drift_as_it_is(house: House) -> None:
    one = await awaiting(house)
    house.runner.fates = deque([Fate.DIES_BEFORE])
    await approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann")
    await house.settle()
    assert (await house.remediation(one.id)).state is RemediationState.NEEDS_HUMAN
    house.world.live[A] = {"size": 8}
    await house.scan()
    with pytest.raises(ConflictError, match="is asked about anew"):
        await retry(house.service, one.id, reason="looked", actor="ann", plan_digest=DIGEST)
    await retry(house.service, one.id, reason="looked", actor="ann", plan_digest=one.plan_digest)
    await house.settle()
    again = await house.remediation(one.id)
    assert (again.state, again.approvals) == (RemediationState.AWAITING_APPROVAL, ())
    (finding,) = await house.findings()
    assert again.fingerprints == (finding.fingerprint,)
    assert again.plan_digest != one.plan_digest


async def test_giving_it_up_is_a_failure(house: House) -> None:
    one = await stuck(house)
    ended = await cancel(house.service, one.id, actor="ann")
    assert ended.state is RemediationState.FAILED
    await house.scan()
    assert {each.state for each in await house.remediations()} == {RemediationState.FAILED}


async def test_a_retry_of_what_is_healed_is_refused(house: House) -> None:
    one = await stuck(house)
    house.world.live[A] = {"size": 1}
    await house.scan()
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    with pytest.raises(ConflictError) as caught:
        await retry(house.service, one.id, reason="again", actor="ann")
    assert code_of(caught) == "moved-on"


@pytest.mark.parametrize("start", [stuck, awaiting])
async def test_suppressing_ignores_the_drift_until_it_changes(
    house: House, start: Callable[[House], Awaitable[Remediation]]
) -> None:
    one = await start(house)
    ended = await suppress(house.service, one.id, reason="accepted", actor="ann")
    assert ended.state is RemediationState.SUPPRESSED
    await house.scan()
    (finding,) = await house.findings()
    assert (finding.state, finding.acted_on) == (FindingState.IGNORED, False)
    assert {each.state for each in await house.remediations()} <= TERMINAL
    house.world.live[A] = {"size": 8}
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.OPEN
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL


async def test_a_suppression_ends_at_the_first_scan_after_its_time(house: House) -> None:
    one = await awaiting(house)
    until = house.clock.now() + HOUR
    await suppress(house.service, one.id, reason="accepted", actor="ann", until=until)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.state is FindingState.IGNORED
    await house.scan(hours=2)
    (finding,) = await house.findings()
    assert finding.state is FindingState.OPEN
    assert (await house.the_open()).id != one.id


async def test_a_suppression_cannot_end_in_the_past(house: House) -> None:
    one = await awaiting(house)
    past = house.clock.now() - HOUR
    with pytest.raises(InvalidError, match="cannot end before"):
        await suppress(house.service, one.id, reason="accepted", actor="ann", until=past)


async def test_what_was_suppressed_can_be_taken_back(house: House) -> None:
    one = await awaiting(house)
    await suppress(house.service, one.id, reason="accepted", actor="ann")
    (finding,) = await house.findings()
    opened = await unsuppress(house.service, finding.id, actor="bob")
    assert opened.state is FindingState.OPEN
    assert "finding.unsuppressed" in await house.actions()
    await house.scan()
    again = await house.the_open()
    assert (again.state, again.id != one.id) == (RemediationState.AWAITING_APPROVAL, True)
    with pytest.raises(ConflictError) as caught:
        await unsuppress(house.service, finding.id, actor="bob")
    assert code_of(caught) == "not-suppressed"
    with pytest.raises(NotFoundError):
        await unsuppress(house.service, FindingId("none"), actor="bob")


@pytest.mark.parametrize("action", [ActionType.MANUAL_REVIEW, ActionType.AUTO_CORRECT])
async def test_one_resource_of_several_is_decided_alone(house: House, action: ActionType) -> None:
    await house.put(MANUAL)
    house.world.depends[B] = (A,)
    house.world.live |= {A: {"size": 9}, B: {"size": 9}}
    await house.scan()
    whole = replace(await house.the_open(), action_type=action, isolation_group="sg-alone")
    await house.service.store.transact(lambda tx: tx.remediations.save(whole))
    assert (whole.state, whole.addresses) == (RemediationState.AWAITING_APPROVAL, (A, B))
    alone = await split(house.service, whole.id, addresses={A}, actor="ann")
    await house.settle()
    parts = await house.remediations(RemediationState.AWAITING_APPROVAL)
    assert {part.addresses for part in parts} == {(A,), (B,)}
    assert {part.action_type for part in parts} == {ActionType.MANUAL_REVIEW}
    assert {part.requested_by for part in parts} == {"ann"}
    # What says how it corrects stays: the policy's script or edges, or the isolation group.
    assert {(part.policy_id, part.isolation_group) for part in parts} == {
        (whole.policy_id, "sg-alone")
    }
    assert (await house.remediation(whole.id)).state is RemediationState.SUPERSEDED
    alone = await house.remediation(alone.id)
    assert alone.plan_digest not in {None, whole.plan_digest}
    await approve(house.service, alone.id, plan_digest=alone.plan_digest or "", actor="ann")
    await house.settle()
    assert house.world.live[A] == {"size": 1}
    assert house.world.live[B] == {"size": 9}


async def test_a_part_that_is_the_whole_is_not_divided(house: House) -> None:
    one = await awaiting(house)
    same = await split(house.service, one.id, addresses={A}, actor="ann")
    assert same == one
    with pytest.raises(NotFoundError, match=r"is not about thing\.b"):
        await split(house.service, one.id, addresses={B}, actor="ann")


async def test_asking_twice_is_asking_once(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    first = await request(house.service, finding.report_id, actor="bob")
    second = await request(house.service, finding.report_id, actor="eve")
    assert first.id == second.id
    assert (first.action_type, first.requested_by) == (ActionType.MANUAL_REVIEW, "bob")
    await house.settle()
    waiting = await house.the_open()
    assert (waiting.state, waiting.report_id) == (
        RemediationState.AWAITING_APPROVAL,
        finding.report_id,
    )


async def test_what_is_gone_cannot_be_asked_for(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    house.world.live[A] = {"size": 1}
    await house.scan()
    with pytest.raises(ConflictError) as caught:
        await request(house.service, finding.report_id, actor="bob")
    assert code_of(caught) == "already-healed"
    with pytest.raises(NotFoundError):
        await request(house.service, ReportId("none"), actor="bob")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001])
async def test_a_reason_says_something(house: House, reason: str) -> None:
    one = await awaiting(house)
    for deed in (reject, retry, suppress):
        with pytest.raises(InvalidError, match="a reason has"):
            await deed(house.service, one.id, reason=reason, actor="ann")


async def test_a_hold_is_kept_told_and_released(house: House) -> None:
    until = house.clock.now() + HOUR
    pulled = await hold(house.service, by="ann", reason="release", until=until)
    assert await house.read(lambda view: view.holds.get()) == pulled
    await resume(house.service, by="bob")
    await resume(house.service, by="bob")
    assert await house.read(lambda view: view.holds.get()) is None
    assert await house.events() == ["hold.set", "hold.released"]
    assert await house.actions() == ["hold.set", "hold.released"]


async def test_a_hold_that_is_over_before_it_begins_is_refused(house: House) -> None:
    with pytest.raises(InvalidError):
        await hold(house.service, by="ann", reason="x", until=house.clock.now())
    with pytest.raises(InvalidError):
        await hold(house.service, by="ann", reason="x" * 2001)
    assert await house.read(lambda view: view.holds.get()) is None
