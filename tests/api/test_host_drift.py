"""Hosts held against what stacks declare them to be."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson

from agent.protocol.tree import Section
from reconciler.domain.host_baselines import SECTIONS, HostBaseline, epoch_of
from reconciler.domain.lifecycle import subject_of
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import RunId
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.values import Attributes
from reconciler.engine.report_check import MOST_DETAILS_BYTES
from reconciler.engine.stacks import accept_state
from reconciler.stores import Transaction
from tests.api.declared_hosts import DRIFTED, FORM, RIGHT, declared, drifts, findings
from tests.api.desk import Desk
from tests.api.speaking_agent import ONE, SpeakingAgent, root_of
from tests.contract.store.records import a_remediation, a_run
from tests.unit.engine.house import SHOP


async def test_a_host_is_compared_once_it_has_looked_at_what_is_declared(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await declared(desk, FORM)
    await agent.tell(DRIFTED)
    assert await findings(desk) == []
    # A heartbeat is enough: nothing changed but what it looked for.
    await agent.send(agent.report(DRIFTED, scope=epoch))
    assert len(await findings(desk)) == 1
    (kept,) = await desk.house.findings(StackName("hosts"))
    assert subject_of(kept).host_groups == ("web",)
    await agent.send(agent.report(RIGHT, scope=epoch))
    assert await findings(desk) == []


async def test_what_is_kept_of_a_report_is_what_policies_ask_for(
    agent: SpeakingAgent, desk: Desk
) -> None:
    await drifts(agent, desk)
    page = await desk.house.read(lambda view: view.reports.page())
    (kept,) = [report for report in page.items if report.event == "reported"]
    (found,) = await findings(desk)
    assert (found["host"], found["seen_by"]) == ("web-1", f"agent:{agent.agent_id}")
    told = {name: kept.drift_details[name] for name in ("type", "kind", "severity", "host_groups")}
    assert told == {name: found[name] for name in told}


async def test_what_one_host_is_never_keeps_another_from_being_compared(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await declared(desk, {"host": "web-1", "claims": ["firewall"]})
    third = await SpeakingAgent.enrolled(desk, "web-3")
    other = await SpeakingAgent.enrolled(desk, "web-2")
    of_other = HostBaseline(f"hosts/{'x' * 2100}", "web-2", "terraform_data", ("firewall",), {
        name: {} for name in SECTIONS})  # fmt: skip

    def declare(tx: Transaction) -> None:
        tx.agents.put_baselines([of_other])
        tx.agents.set_epoch("web-2", epoch_of([of_other]))

    await desk.house.service.store.transact(declare)
    value = {"\\": "\u00e9" * 500}
    rules = {f"tcp/{number}/" + "\u00e9" * 4000: value for number in range(200)}
    large = {"firewall": Section("ok", rules)}
    answers = await asyncio.gather(
        agent.send(agent.report(large, scope=epoch)),
        other.send(other.report(large, scope=epoch_of([of_other]))),
        third.tell(ONE),
    )
    assert [answer.status_code for answer in answers] == [204, 422, 204]
    assert (await other.standing())["seq"] == 0
    (found,) = await findings(desk)
    assert len(found["changes"]) > 10
    assert len(orjson.dumps(found)) < MOST_DETAILS_BYTES


async def test_a_host_is_compared_again_when_its_declaration_comes_back(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await drifts(agent, desk)
    agent.held = DRIFTED
    await declared(desk, {})
    assert await findings(desk) == []
    assert await declared(desk, FORM) == epoch
    await agent.send(agent.report(DRIFTED, scope=epoch))
    assert len(await findings(desk)) == 1


async def test_a_declaration_that_goes_to_another_host_heals_the_first(
    agent: SpeakingAgent, desk: Desk
) -> None:
    await drifts(agent, desk)
    await declared(desk, {**FORM, "host": "web-2"})
    assert await findings(desk) == []


async def test_a_finding_follows_the_groups_of_its_host(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await drifts(agent, desk)
    agent.held = DRIFTED
    for groups in (("db", "web"), ()):
        await declared(desk, {**FORM, "groups": list(groups)})
        await agent.send(agent.report(DRIFTED, scope=epoch))
        (kept,) = await desk.house.findings(StackName("hosts"))
        assert subject_of(kept).host_groups == groups


async def test_a_state_in_doubt_says_nothing_of_hosts(agent: SpeakingAgent, desk: Desk) -> None:
    house, host = desk.house, ResourceAddress("thing.host")
    house.world.serial = 3
    code: Attributes = {"input": {"trueup_host": FORM}}
    for kept in (house.world.declared, house.world.recorded, house.world.live):
        kept[host] = code
    await house.scan()
    epoch = (await house.read(lambda view: view.agents.of_host("web-1")))[0].epoch
    await agent.send(agent.report(DRIFTED, scope=epoch))
    (of_agent,) = await findings(desk)

    house.world.lineage, house.world.serial = "", 0
    del house.world.declared[host]
    await house.scan(seconds=31)
    assert of_agent["id"] in {finding["id"] for finding in await findings(desk)}
    # What it declares counts from the moment that a person takes it for the right one.
    await accept_state(house.service, SHOP, actor="ann")
    await house.scan(seconds=31)
    assert await house.read(lambda view: view.agents.baselines_of_host("web-1")) == ()


async def test_what_was_seen_before_a_correction_ended_does_not_verify_it(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await drifts(agent, desk)
    agent.held = DRIFTED
    (finding,) = await desk.house.findings(StackName("hosts"))
    ended = desk.clock.now() + timedelta(minutes=1)
    remediation = a_remediation(
        "m1", finding.id, stack=finding.stack, state=RemediationState.VERIFYING, run_id=RunId("r1")
    )
    run = a_run("r1", stack=finding.stack, remediation_id=remediation.id, ended_at=ended)

    def correct(tx: Transaction) -> None:
        tx.remediations.add(remediation)
        tx.runs.put(run)

    await desk.house.service.store.transact(correct)
    desk.clock.move(minutes=2)
    await agent.send(agent.report(RIGHT, scope=epoch, age_ms=90_000))
    agent.held = RIGHT
    assert len(await findings(desk)) == 1
    await agent.send(agent.report(RIGHT, scope=epoch))
    assert await findings(desk) == []


async def test_a_host_is_compared_with_what_is_kept_of_it_only_while_it_is_that(
    agent: SpeakingAgent, desk: Desk
) -> None:
    await agent.tell(DRIFTED)
    epoch = await declared(desk, FORM)
    # As after a backup was put back: it reports what the server has no base of.
    agent.held = RIGHT
    answer = await agent.send(agent.report(RIGHT, scope=epoch))
    assert (answer.json()["base"], await findings(desk)) == (root_of(DRIFTED), [])
    agent.held = DRIFTED
    await agent.send(agent.report(DRIFTED, scope=epoch))
    assert len(await findings(desk)) == 1


async def test_two_reports_of_one_host_at_once_are_compared_whole(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(RIGHT, scope=epoch))
    agent.held = RIGHT
    waiting = [agent.send(agent.report(RIGHT, scope=scope)) for scope in ("1" * 16, epoch)]
    await asyncio.gather(*waiting)
    assert await findings(desk) == []
