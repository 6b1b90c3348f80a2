from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.bootstrap.adapters import judging
from reconciler.domain.cadence import SHORTEST
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import ResourceAddress, Severity, StackName
from reconciler.domain.policy import Policy
from reconciler.domain.records import (
    DriftReport,
    FindingState,
    Health,
    Remediation,
    Run,
    RunId,
    RunState,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.severity import override_rule
from reconciler.engine.decisions import approve, reject
from reconciler.engine.scheduled_scan import scan_and_decide
from reconciler.engine.service import Tuning
from reconciler.stores import Transaction
from tests.unit.engine.house import AUTO, MANUAL, SHOP, A, B, C, House, selecting, stack_record


async def reports(house: House, address: str = A) -> list[DriftReport]:
    page = await house.read(lambda view: view.reports.page(resource_id=f"shop/{address}"))
    return list(reversed(page.items))


async def test_new_severities_rate_known_drift_at_the_next_scan(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (before,) = await house.findings()
    critical = override_rule("critical", type="thing", reason="we sell these")
    house.service.tune(Tuning(judging(b"k" * 32, [critical])))
    await house.scan()
    (after,) = await house.findings()
    assert before.severity < after.severity is Severity.CRITICAL
    assert after.score > before.score
    assert after.details["severity_reason"] == "we sell these"
    assert (after.id, after.times_seen, after.report_id) == (before.id, 2, before.report_id)


async def test_a_pass_of_a_stack_in_sync_says_so(house: House) -> None:
    after = await house.scan()
    stack = await house.stack()
    assert stack.health is Health.IN_SYNC
    assert stack.counts is not None
    assert (stack.counts.resources, stack.counts.in_sync) == (3, 3)
    assert stack.verified_at == stack.last_scan_at == house.clock.now()
    assert after is not None
    assert timedelta(minutes=13.5) <= after <= timedelta(minutes=16.5)
    assert stack.next_due_at == house.clock.now() + after
    assert await house.events() == ["template.changed", "stack.scanned"]


async def test_a_stack_that_is_not_registered_is_never_looked_at_again(house: House) -> None:
    assert await scan_and_decide(house.service, StackName("nobody")) is None
    assert house.adapter.loads == 0


async def test_the_same_drift_is_one_finding_and_one_report(house: House) -> None:
    house.world.live[A] = {"size": 9}
    for _ in range(3):
        await house.scan()
    (finding,) = await house.findings()
    assert finding.times_seen == 3
    assert finding.last_seen - finding.first_seen == timedelta(seconds=2)
    assert [report.event for report in await reports(house)] == ["detected"]
    assert (await house.events()).count("drift.detected") == 1


async def test_the_history_of_a_resource_is_its_reports(house: House) -> None:
    for live in ({"size": 9}, {"size": 8}, {"size": 1}, {"size": 9}):
        house.world.live[A] = dict(live)
        await house.scan()
    told = await reports(house)
    assert [one.event for one in told] == ["detected", "changed", "healed", "detected"]
    assert told[0].drift_details["changes"][0]["live"] == 9
    assert told[0].drift_hash == told[3].drift_hash != told[1].drift_hash
    template = await house.read(lambda view: view.templates.of_resource(f"shop/{A}"))
    assert template is not None
    assert {one.template_id for one in told} == {template.template_id}


async def test_a_healed_finding_that_comes_back_is_a_new_one(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (first,) = await house.findings()
    house.world.live[A] = {"size": 1}
    await house.scan()
    healed = await house.read(lambda view: view.findings.get(first.id))
    assert healed is not None
    assert (healed.state, healed.healed_at) == (FindingState.HEALED, house.clock.now())
    house.world.live[A] = {"size": 9}
    await house.scan()
    (second,) = await house.findings()
    assert second.id != first.id


async def test_a_finding_changes_its_kind_when_the_resource_goes(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (before,) = await house.findings()
    del house.world.live[A]
    await house.scan()
    (after,) = await house.findings()
    assert (after.id, after.kind.value, after.score) == (before.id, "missing", after.score)
    assert after.fingerprint != before.fingerprint


async def test_unreadable_heals_nothing_and_is_not_in_sync(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    verified = (await house.stack()).verified_at
    house.world.live[A] = {"size": 1}
    house.world.unreadable = {A}
    await house.scan()
    stack = await house.stack()
    assert (stack.health, stack.verified_at) == (Health.INCOMPLETE, verified)
    assert [finding.times_seen for finding in await house.findings()] == [1]


async def test_resources_that_vanish_while_code_and_state_stay_heal_nothing(
    house: House,
) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.world.lost = {A, B}
    await house.scan()
    stack = await house.stack()
    assert stack.health is Health.INCOMPLETE
    assert "only 1 of 3 resources" in (stack.error or "")
    assert len(await house.findings()) == 1
    await house.scan()
    assert (await house.stack()).health is Health.INCOMPLETE
    house.world.lost.clear()
    await house.scan()
    stack = await house.stack()
    assert (stack.health, stack.error, stack.error_since) == (Health.DRIFTED, None, None)


async def test_a_resource_that_left_the_stack_heals_its_finding(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    for place in (house.world.declared, house.world.recorded, house.world.live):
        del place[A]
    house.world.serial += 1
    await house.scan()
    assert await house.findings() == ()
    assert await house.read(lambda view: view.templates.of_resource(f"shop/{A}")) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RetryableError("backend away", remedy="look at the network"), "backend away; look at"),
        (PermanentError("bad code"), "bad code"),
        (KeyError("password=hunter2"), "an unexpected KeyError"),
    ],
)
async def test_a_stack_that_cannot_be_read_keeps_its_findings(
    house: House, error: Exception, words: str
) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    before = await house.findings()
    house.world.refuses_load = error
    await house.scan()
    since = house.clock.now()
    await house.scan(minutes=20)
    stack = await house.stack()
    assert (stack.health, stack.error_since) == (Health.ERROR, since)
    assert words in (stack.error or "")
    assert "hunter2" not in (stack.error or "")
    assert stack.verified_at is not None
    assert await house.findings() == before
    assert (await house.events())[-2:] == ["stack.error", "stack.scanned"]
    house.world.refuses_load = None
    await house.scan()
    stack = await house.stack()
    assert (stack.health, stack.error, stack.error_since) == (Health.DRIFTED, None, None)


async def test_a_failing_stack_is_looked_at_ever_more_seldom(house: House) -> None:
    house.world.refuses_load = RetryableError("away")
    first = await house.scan()
    assert first is not None
    late = await house.scan(hours=5)
    assert late is not None
    assert timedelta(minutes=13) <= first <= timedelta(minutes=17)
    assert timedelta(minutes=53) <= late <= timedelta(minutes=67)


async def test_drift_that_waits_to_be_confirmed_is_looked_at_when_its_time_has_come(
    house: House,
) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    assert await house.scan() == timedelta(seconds=30)


async def test_an_adaptive_stack_is_looked_at_sooner_while_something_is_done(
    house: House,
) -> None:
    await house.service.store.transact(lambda tx: tx.stacks.put(stack_record(adaptive=True)))
    house.world.live[A] = {"size": 9}
    calm = await house.scan()
    await house.put(MANUAL)
    hurried = await house.scan()
    assert calm is not None
    assert hurried is not None
    assert hurried < timedelta(minutes=5) < calm


async def test_below_the_threshold_it_is_shown_and_not_acted_on(house: House) -> None:
    await house.put(replace(MANUAL, min_score=100))
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    assert not finding.acted_on
    assert await house.remediations() == ()
    await house.put(MANUAL)
    await house.scan()
    (finding,) = await house.findings()
    assert finding.acted_on
    assert (await house.the_open()).finding_ids == (finding.id,)


async def test_each_policy_opens_its_own(house: House) -> None:
    others: Policy = replace(MANUAL, position=1)
    await house.put(selecting(AUTO, address=A), others)
    house.world.depends[C] = (B,)
    for address in (A, B, C):
        house.world.live[address] = {"size": 9}
    await house.scan()
    opened = {
        remediation.action_type: remediation.addresses for remediation in await house.remediations()
    }
    assert opened == {AUTO.action_type: (A,), MANUAL.action_type: (B, C)}


async def test_a_person_decides_apart_about_what_does_not_depend_on_another(house: House) -> None:
    await house.put(MANUAL)
    house.world.depends[C] = (A,)
    house.world.live |= {address: {"size": 9} for address in (A, B, C)}
    await house.scan()
    assert {remediation.addresses for remediation in await house.remediations()} == {(A, C), (B,)}


async def test_what_needs_no_approval_is_corrected_by_one_run(house: House) -> None:
    await house.put(AUTO)
    house.world.live |= {address: {"size": 9} for address in (A, B, C)}
    await house.scan()
    assert [remediation.addresses for remediation in await house.remediations()] == [(A, B, C)]


async def test_a_person_is_not_asked_more_than_ten_times_about_one_scan(house: House) -> None:
    many = [ResourceAddress(f"thing.n{number}") for number in range(11)]
    house.world.declared = {address: {"size": 1} for address in many}
    house.world.recorded = {address: {"size": 1} for address in many}
    house.world.live = {address: {"size": 9} for address in many}
    await house.put(MANUAL)
    await house.scan()
    (only,) = await house.remediations()
    assert len(only.addresses) == len(many)


async def test_a_finding_is_in_one_open_remediation_only(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.world.live[B] = {"size": 9}
    await house.scan()
    assert [one.addresses for one in await house.remediations()] == [(A,), (B,)]


async def test_drift_that_changes_replaces_what_was_decided(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.world.live[A] = {"size": 8}
    await house.scan()
    first, second = await house.remediations()
    assert (first.state, second.state) == (
        RemediationState.SUPERSEDED,
        RemediationState.AWAITING_APPROVAL,
    )
    assert first.finding_ids == second.finding_ids
    assert first.fingerprints != second.fingerprints


async def test_drift_that_goes_by_itself_ends_what_was_decided(house: House) -> None:
    await house.put(MANUAL)
    house.world.depends[B] = (A,)
    house.world.live[A] = house.world.live[B] = {"size": 9}
    await house.scan()
    house.world.live[A] = {"size": 1}
    await house.scan()
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL
    house.world.live[B] = {"size": 1}
    await house.scan()
    (ended,) = await house.remediations()
    assert (ended.state, ended.note) == (
        RemediationState.CONVERGED,
        "the drift went away on its own",
    )


async def test_what_a_person_rejected_is_not_asked_again_until_it_changes(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await reject(house.service, (await house.the_open()).id, reason="known", actor="ann")
    await house.scan()
    assert [remediation.state for remediation in await house.remediations()] == [
        RemediationState.REJECTED
    ]
    (finding,) = await house.findings()
    assert finding.decision is not None
    assert (finding.decision.by, finding.decision.state) == ("ann", RemediationState.REJECTED)
    house.world.live[A] = {"size": 8}
    await house.scan()
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL


async def test_templates_are_derived_only_when_code_or_state_changed(house: House) -> None:
    await house.scan()
    await house.scan()
    template = await house.read(lambda view: view.templates.of_resource(f"shop/{A}"))
    assert template is not None
    assert (template.revision, template.template_definition) == (1, {"size": 1})
    assert (await house.events()).count("template.changed") == 1
    house.world.declared[A] = {"size": 2}
    await house.scan()
    history = await house.read(lambda view: view.templates.revisions(template.template_id))
    assert [one.template_definition for one in history] == [{"size": 2}, {"size": 1}]


async def test_a_stack_is_not_looked_at_while_an_apply_of_it_is_under_way(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    loads = house.adapter.loads
    one = await house.the_open()
    await house.service.store.transact(lambda tx: _started(tx, one))
    assert await house.scan() == SHORTEST
    assert house.adapter.loads == loads


def _started(tx: Transaction, one: Remediation) -> None:
    run = Run(RunId("r"), one.id, SHOP, RunState.STARTED, "d", "runs/r", one.created_at, "a", "b")
    tx.runs.put(run)


async def test_what_was_seen_across_an_apply_is_not_kept(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    before = await house.events()

    async def approved_meanwhile() -> None:
        house.clock.move(seconds=1)
        await approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann")
        await house.settle()
        house.clock.move(seconds=1)

    house.adapter.after_reads = approved_meanwhile
    assert await house.scan() == SHORTEST
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    assert await house.findings() == ()
    assert "stack.scanned" not in (await house.events())[len(before) :]
