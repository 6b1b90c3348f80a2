"""Reports of agents over the API: what is taken, and what is refused by which name."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from agent.protocol.messages import (
    MOST_BODY_BYTES,
    MOST_INFLATED_BYTES,
    MOST_LEAVES,
    REPORTS_PATH,
    write,
)
from agent.protocol.tree import Section, digests_of, root_digest
from reconciler.domain.agents import agent_key
from reconciler.domain.host_baselines import SECTIONS, HostBaseline, epoch_of
from reconciler.domain.lifecycle import subject_of
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import RunId
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.values import Attributes
from reconciler.engine.host_drift import adopt
from reconciler.engine.report_check import MOST_DETAILS_BYTES
from reconciler.engine.stacks import accept_state
from reconciler.ports import Declaration
from reconciler.stores import Transaction
from tests.api.desk import V1, Desk
from tests.api.speaking_agent import SpeakingAgent, code_of
from tests.contract.store.records import a_remediation, a_run
from tests.unit.engine.house import SHOP, stack_record

ONE = {"files": Section("ok", {"/etc/motd": {"sha256": "1"}})}
TWO = {"files": Section("ok", {"/etc/motd": {"sha256": "2"}, "/etc/new": {"sha256": "3"}})}
DOCUMENTATION = Path(__file__).parents[2] / "docs/agent.md"
DEEP = b'{"v":' + b"[" * 5000 + b"]" * 5000 + b"}"


def root_of(sections: dict[str, Section]) -> str:
    return root_digest(digests_of(sections)).hex()


@pytest.fixture
async def agent(desk: Desk) -> SpeakingAgent:
    return await SpeakingAgent.enrolled(desk)


async def test_what_is_acknowledged_is_kept(agent: SpeakingAgent) -> None:
    for host in (ONE, TWO, {}, TWO, ONE):
        assert (await agent.tell(host)).status_code == 204
        assert (await agent.standing())["root"] == root_of(host)
    assert (await agent.standing())["gaps"] == 0


async def test_a_heartbeat_of_a_host_the_server_knows_otherwise_says_what_it_holds(
    agent: SpeakingAgent,
) -> None:
    await agent.tell(ONE)
    answer = await agent.send(agent.report(ONE, root=root_of(TWO)))
    assert answer.json()["base"] == root_of(ONE)
    assert answer.json()["held"] == {"files": digests_of(ONE)["files"].hex()}
    assert (await agent.standing())["root"] == root_of(ONE)


async def test_a_report_whose_answer_was_lost_is_answered_again(agent: SpeakingAgent) -> None:
    body = write(agent.report(ONE))
    assert [(await agent.post(body)).status_code for _ in range(3)] == [204] * 3
    assert (await agent.standing())["seq"] == 1


async def test_a_number_is_used_once(agent: SpeakingAgent) -> None:
    first = write(agent.report(ONE))
    await agent.post(first)
    agent.held = ONE
    await agent.tell(TWO)
    for again in (first, write(agent.report(ONE, seq=2))):
        answer = await agent.post(again)
        assert (answer.status_code, code_of(answer)) == (409, "replayed")
    assert (await agent.standing())["root"] == root_of(TWO)


async def test_a_gap_in_the_numbers_is_counted_and_told(agent: SpeakingAgent, desk: Desk) -> None:
    await agent.tell(ONE)
    agent.seq += 3
    assert (await agent.tell(TWO)).status_code == 204
    assert (await agent.standing())["gaps"] == 1
    entries = (await desk.admin.get(f"{V1}/audit?subject={agent.agent_id}")).json()["items"]
    assert [one["action"] for one in entries] == ["agent.gap", "agent.enrolled"]


async def test_what_does_not_give_the_announced_root_is_refused(agent: SpeakingAgent) -> None:
    answer = await agent.send(agent.report(ONE, root=root_of(TWO)))
    assert (answer.status_code, code_of(answer)) == (422, "wrong-hash")
    assert (await agent.standing())["seq"] == 0


NO_MESSAGES = (
    (b"", "not-json"),
    (b"{", "not-json"),
    (b"[]", "not-a-report"),
    (b'{"v":2}', "unknown-version"),
    (b'{"v":1}', "not-a-report"),
    (b"\xff\xfe", "not-json"),
    (DEEP, "too-deep"),
    (b'{"v":1,"v":NaN}', "not-json"),
)


async def test_what_is_no_message_is_refused_by_name(agent: SpeakingAgent) -> None:
    for body, code in NO_MESSAGES:
        for answer in (await agent.post(body), await agent.post_compressed(body)):
            assert (body[:20], answer.status_code, code_of(answer)) == (body[:20], 422, code)


WRONG_FIELDS: tuple[tuple[str, Any], ...] = (
    *(("inc", "x"), ("seq", -1), ("seq", 2**60), ("seq", True), ("at", "now"), ("nonce", None)),
    *(("root", "g" * 64), ("sections", {"files": 1}), ("sections", {"FILES": {}})),
    ("dropped", [1]),
)


async def test_a_field_that_cannot_be_read_is_refused(agent: SpeakingAgent) -> None:
    message = orjson.loads(write(agent.report(ONE)))
    for field, value in WRONG_FIELDS:
        answer = await agent.post(orjson.dumps({**message, field: value}))
        assert (field, code_of(answer)) == (field, "not-a-report")


async def test_a_leaf_without_a_canonical_form_is_refused(agent: SpeakingAgent) -> None:
    message = orjson.loads(write(agent.report(ONE)))
    message["sections"]["files"]["changed"] = [["/etc/motd", {"size": 1.5}]]
    assert code_of(await agent.post(orjson.dumps(message))) == "not-canonical"


async def test_what_one_agent_reports_never_keeps_another_from_being_taken(
    agent: SpeakingAgent, desk: Desk
) -> None:
    other = await SpeakingAgent.enrolled(desk, "web-2")
    third = await SpeakingAgent.enrolled(desk, "web-3")
    bad = {
        "files": Section("ok", {f"/{'x' * 4000}{n}": {"sha256": "y" * 3000} for n in range(300)})
    }
    wrong = other.report(ONE, root=root_of(TWO))
    answers = await asyncio.gather(agent.tell(bad), other.send(wrong), third.tell(ONE))
    assert [answer.status_code for answer in answers] == [204, 422, 204]


async def test_what_is_too_large_is_refused_before_it_is_read(agent: SpeakingAgent) -> None:
    answer = await agent.post(b" " * (MOST_BODY_BYTES + 1))
    assert (answer.status_code, code_of(answer)) == (413, "body-too-large")


async def test_a_report_without_its_length_is_answered_as_one_with_it(agent: SpeakingAgent) -> None:
    said = write(agent.report(ONE))
    for body, signature in ((said, None), (said, "Trueup-Agent x.1.y"), (b"{}", None)):
        plain = await agent.post(body, signature=signature)
        chunked = await agent.post(body, signature=signature, chunked=True)
        assert (chunked.status_code, chunked.content) == (plain.status_code, plain.content)
        assert dict(chunked.headers) == dict(plain.headers)


async def test_a_length_behind_zeros_lets_no_more_in(desk: Desk) -> None:
    body = b" " * (MOST_BODY_BYTES + 1)
    length = {"Content-Length": f"{'0' * 20}{len(body)}"}
    answer = await desk.anonymous.post(REPORTS_PATH, content=body, headers=length)
    assert (answer.status_code, code_of(answer)) == (413, "body-too-large")


async def test_a_bomb_is_not_inflated(agent: SpeakingAgent) -> None:
    answer = await agent.post_compressed(b" " * (MOST_INFLATED_BYTES + 1))
    assert (answer.status_code, code_of(answer)) == (413, "too-large")


async def test_data_that_is_cut_short_or_of_another_kind_is_refused(agent: SpeakingAgent) -> None:
    cut = zlib.compress(write(agent.report(ONE)))[:-3]
    assert code_of(await agent.post(cut, media_type="application/zlib")) == "not-json"
    assert code_of(await agent.post(b"x", media_type="application/zlib")) == "not-json"
    answer = await agent.post(b"x", media_type="text/plain")
    assert (answer.status_code, code_of(answer)) == (415, "unsupported-media-type")


async def test_only_its_own_key_speaks_for_an_agent(agent: SpeakingAgent, desk: Desk) -> None:
    other = await SpeakingAgent.enrolled(desk, "web-2")
    other.agent_id = agent.agent_id
    answer = await other.tell(ONE)
    assert (answer.status_code, code_of(answer)) == (401, "unauthorized")
    agent.serial = 2
    assert code_of(await agent.tell(ONE)) == "unauthorized"
    for header in ("Bearer x", "Trueup-Agent", f"Trueup-Agent {agent.agent_id}.1.{'0' * 64}"):
        assert code_of(await agent.post(b"{}", signature=header)) == "unauthorized"


async def test_a_clock_that_is_years_off_is_refused_and_a_day_is_noted(
    agent: SpeakingAgent, desk: Desk
) -> None:
    now = int(desk.clock.now().timestamp())
    far = await agent.send(agent.report({}, sent_at=now - 3 * 365 * 86400))
    assert (far.status_code, code_of(far)) == (422, "clock-off")
    near = await agent.send(agent.report({}, seq=1, sent_at=now + 86400))
    assert near.status_code == 204
    assert (await agent.standing())["clock_offset_s"] == 86400


async def test_two_hosts_with_one_key_are_a_clone_and_neither_is_taken(
    agent: SpeakingAgent,
) -> None:
    await agent.tell(ONE)
    agent.incarnation, agent.seq = "b" * 32, 0
    assert (await agent.tell(TWO)).status_code == 204
    agent.incarnation, agent.seq = "a" * 32, 1
    for incarnation in ("a" * 32, "b" * 32):
        agent.incarnation = incarnation
        answer = await agent.tell(ONE)
        assert (answer.status_code, code_of(answer)) == (409, "cloned")
    assert (await agent.standing())["state"] == "cloned"
    assert (await agent.standing())["root"] == root_of(TWO)


async def test_a_refused_message_begins_nothing_anew(agent: SpeakingAgent) -> None:
    await agent.tell(ONE)
    agent.incarnation, agent.held, agent.seq = "b" * 32, ONE, 0
    answer = await agent.send(agent.report(TWO, root=root_of({})))
    assert (answer.status_code, code_of(answer)) == (422, "wrong-hash")
    agent.incarnation, agent.seq = "a" * 32, 1
    assert (await agent.tell(TWO)).status_code == 204
    path = f"{V1}/audit?subject={agent.agent_id}"
    entries = (await agent.desk.admin.get(path)).json()["items"]
    assert [entry["action"] for entry in entries] == ["agent.enrolled"]


async def test_a_token_enrolls_one_host_once(desk: Desk) -> None:
    made = await desk.admin.post(f"{V1}/agents/enroll-tokens", json={"host": "web-1"})
    asked = {"token": made.json()["token"], "host": "web-1", "incarnation": "a" * 32}
    other = await desk.anonymous.post(f"{V1}/agents/enroll", json={**asked, "host": "db-1"})
    assert code_of(other) == "other-host"
    good = await desk.anonymous.post(f"{V1}/agents/enroll", json=asked)
    assert good.status_code == 201
    again = await desk.anonymous.post(f"{V1}/agents/enroll", json=asked)
    assert (again.status_code, code_of(again)) == (409, "token-refused")
    assert made.json()["token"].partition(".")[2] not in (await desk.admin.get(f"{V1}/audit")).text


async def test_a_token_expires(desk: Desk) -> None:
    made = await desk.admin.post(f"{V1}/agents/enroll-tokens", json={"expires_in": "10m"})
    desk.clock.move(minutes=11)
    asked = {"token": made.json()["token"], "host": "web-1", "incarnation": "a" * 32}
    assert code_of(await desk.anonymous.post(f"{V1}/agents/enroll", json=asked)) == "token-refused"


async def test_a_host_that_has_an_agent_is_replaced_only_by_a_token_for_that(desk: Desk) -> None:
    first = await SpeakingAgent.enrolled(desk)
    made = await desk.admin.post(f"{V1}/agents/enroll-tokens", json={})
    asked = {"token": made.json()["token"], "host": "web-1", "incarnation": "c" * 32}
    taken = await desk.anonymous.post(f"{V1}/agents/enroll", json=asked)
    assert code_of(taken) == "host-taken"
    second = await SpeakingAgent.enrolled(desk, replace=True)
    assert (await second.tell(ONE)).status_code == 204
    answer = await first.tell(ONE)
    assert (answer.status_code, code_of(answer)) == (401, "revoked")


async def test_a_path_of_its_own_allows_what_is_described_for_it(desk: Desk) -> None:
    for path in ("enroll", "enroll-tokens", "reports"):
        answer = await desk.admin.get(f"{V1}/agents/{path}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await desk.admin.get(f"{V1}/agents/a")).headers["allow"] == "DELETE"


async def test_only_an_admin_makes_enrolment_tokens(desk: Desk) -> None:
    for client in (desk.viewer, desk.operator, desk.approver):
        answer = await client.post(f"{V1}/agents/enroll-tokens", json={})
        assert answer.status_code == 403


async def test_a_key_is_rotated_by_its_first_use_and_the_old_one_ends_then(
    agent: SpeakingAgent, desk: Desk
) -> None:
    await agent.tell(ONE)
    asked = await desk.admin.post(f"{V1}/agents/{agent.agent_id}/rotate", json={})
    assert (asked.status_code, "key" in asked.text) == (200, False)
    offers = [(await agent.tell(host)).json()["key"] for host in (ONE, TWO)]
    assert offers[0] == offers[1]
    old, agent.key, agent.serial = agent.key, bytes.fromhex(offers[0]["key"]), offers[0]["serial"]
    assert (await agent.tell(TWO)).status_code == 204
    agent.key, agent.serial = old, 1
    refused = await agent.tell(ONE)
    assert (refused.status_code, code_of(refused)) == (401, "unauthorized")
    entries = (await desk.admin.get(f"{V1}/audit?subject={agent.agent_id}")).json()["items"]
    assert [one["action"] for one in entries][:2] == ["agent.key_rotated", "agent.rotation_asked"]
    assert offers[0]["key"] not in (await desk.admin.get(f"{V1}/audit")).text


async def test_an_old_key_is_rotated_unasked(agent: SpeakingAgent, desk: Desk) -> None:
    assert (await agent.tell(ONE)).status_code == 204
    desk.clock.move(days=46)
    assert (await agent.tell(ONE)).json()["key"]["serial"] == 2


async def test_a_key_that_was_given_before_a_backup_was_put_back_is_taken(
    agent: SpeakingAgent, desk: Desk
) -> None:
    key = desk.house.service.judging.key
    agent.key, agent.serial = agent_key(key, agent_id=agent.agent_id, serial=3), 3
    assert (await agent.tell(ONE)).status_code == 204


async def test_only_an_admin_rotates_and_only_what_is_there(
    agent: SpeakingAgent, desk: Desk
) -> None:
    path = f"{V1}/agents/{agent.agent_id}/rotate"
    assert (await desk.operator.post(path, json={})).status_code == 403
    assert (await desk.admin.post(f"{V1}/agents/none/rotate", json={})).status_code == 404


FORM: dict[str, Any] = {"host": "web-1", "claims": ["files", "packages"], "groups": ["web"],
        "files": [{"path": "/etc/motd", "sha256": "1"}]}  # fmt: skip
PLAIN = {"type": "file", "sha256": "1", "mode": "0644", "owner": "root", "group": "root"}
RIGHT = {"files": Section("ok", {"/etc/motd": PLAIN}), "packages": Section()}
DRIFTED = {
    "files": Section("ok", {"/etc/motd": {**PLAIN, "sha256": "2"}, "/etc/x": PLAIN}),
    "packages": Section("ok", {"telnetd": {"version": "1"}}),
}


async def declared(desk: Desk, form: dict[str, Any]) -> str:
    """Let a stack declare the host; return the name of the baselines."""
    said = Declaration(
        address=ResourceAddress("terraform_data.web"),
        type="terraform_data",
        baseline_hash="",
        definition={"input": {"trueup_host": form}},
    )
    service = desk.house.service
    key, at = service.judging.key, service.clock.now()
    await service.store.transact(lambda tx: tx.stacks.put(stack_record(StackName("hosts"))))
    await service.store.transact(lambda tx: adopt(tx, StackName("hosts"), [said], at=at, key=key))
    return await service.store.read(lambda view: view.agents.of_host("web-1")[0].epoch)


async def drifts(agent: SpeakingAgent, desk: Desk) -> str:
    """Declare the agent's host, and have it report something else; return what it looked for."""
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(DRIFTED, scope=epoch))
    return epoch


async def findings(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.admin.get(f"{V1}/findings")).json()["items"]
    return found


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


async def test_what_a_host_is_now_is_right_until_it_or_the_code_says_otherwise(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await declared(desk, FORM)
    path = f"{V1}/agents/{agent.agent_id}"
    early = await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})
    assert (early.status_code, code_of(early)) == (409, "not-reported")

    async def tell(sections: dict[str, Section], scope: str) -> None:
        await agent.send(agent.report(sections, scope=scope))
        agent.held = sections

    await tell(DRIFTED, epoch)
    assert len(await findings(desk)) == 1
    some = await desk.approver.post(
        f"{path}/accept", json={"reason": "as it is", "sections": ["packages"]}
    )
    assert some.json()["accepted"] == 1
    assert {change["path"] for change in (await findings(desk))[0]["changes"]} == {
        'files["/etc/motd"].sha256', 'files["/etc/x"]',
    }  # fmt: skip
    await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})
    assert await findings(desk) == []

    moved = {**DRIFTED, "packages": Section("ok", {"telnetd": {"version": "2"}})}
    await tell(moved, epoch)
    assert [change["path"] for change in (await findings(desk))[0]["changes"]] == [
        'packages["telnetd"]'
    ]
    await tell(DRIFTED, epoch)
    assert await findings(desk) == []
    other = {**FORM, "files": [{"path": "/etc/motd", "sha256": "3"}]}
    again = await declared(desk, other)
    await tell(DRIFTED, again)
    assert [change["path"] for change in (await findings(desk))[0]["changes"]] == [
        'files["/etc/motd"].sha256'
    ]
    undone = await desk.approver.post(f"{path}/undo-accept", json={})
    assert undone.status_code == 200
    assert len((await findings(desk))[0]["changes"]) == 3


async def test_only_who_decides_accepts_and_only_a_host_that_is_declared(
    agent: SpeakingAgent, desk: Desk
) -> None:
    path = f"{V1}/agents/{agent.agent_id}/accept"
    assert (await desk.operator.post(path, json={"reason": "x"})).status_code == 403
    lone = await desk.approver.post(path, json={"reason": "x"})
    assert (lone.status_code, code_of(lone)) == (409, "no-baseline")
    wrong = await desk.approver.post(path, json={"reason": "x", "sections": ["users"]})
    assert (wrong.status_code, "cannot be declared" in wrong.text) == (422, True)


async def test_only_what_a_person_saw_is_accepted(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(RIGHT, scope=epoch))
    agent.held = RIGHT
    seen = (await agent.standing())["root"]
    await agent.send(agent.report(DRIFTED, scope=epoch))
    path = f"{V1}/agents/{agent.agent_id}/accept"
    late = await desk.approver.post(path, json={"reason": "x", "root": seen})
    assert (late.status_code, code_of(late)) == (409, "host-changed")
    assert len(await findings(desk)) == 1
    now = {"reason": "x", "root": root_of(DRIFTED)}
    assert (await desk.approver.post(path, json=now)).status_code == 200
    assert await findings(desk) == []
    agent.incarnation = "b" * 32
    await agent.send(agent.report(DRIFTED, scope=epoch))
    agent.incarnation = "a" * 32
    await agent.send(agent.report(DRIFTED, scope=epoch))
    cloned = await desk.approver.post(path, json=now)
    assert (cloned.status_code, code_of(cloned)) == (409, "cloned")


async def test_what_could_not_be_read_is_never_accepted(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await declared(desk, FORM)
    denied = {"files": Section("denied"), "packages": Section()}
    await agent.send(agent.report(denied, scope=epoch))
    path = f"{V1}/agents/{agent.agent_id}/accept"
    assert (await desk.approver.post(path, json={"reason": "x"})).json()["accepted"] == 0
    assert len(await findings(desk)) == 1


async def test_a_golden_host_is_the_template_that_it_meets_itself(
    agent: SpeakingAgent, desk: Desk
) -> None:
    secret = {**PLAIN, "keyed_sha256": "9"}
    del secret["sha256"]
    golden = {
        "files": Section("ok", {"/etc/a": PLAIN, "/etc/secret": secret, "/opt/b": PLAIN}),
        "packages": Section("ok", {"nginx": {"version": "1"}}),
        "services": Section("denied"),
    }
    await agent.tell(golden)
    path = f"{V1}/agents/{agent.agent_id}/template"
    form = (await desk.viewer.get(path)).json()["trueup_host"]
    assert [entry["path"] for entry in form["files"]] == ["/etc/a", "/opt/b"]
    assert "services" not in form
    epoch = await declared(desk, form)
    await agent.send(agent.report(golden, scope=epoch))
    assert await findings(desk) == []
    some = (await desk.viewer.get(f"{path}?sections=files&paths=/etc/*")).json()["trueup_host"]
    assert some == {"host": "web-1", "files": [form["files"][0]]}


async def _with_leaf(agent: SpeakingAgent, value: Any) -> httpx.Response:
    message = orjson.loads(write(agent.report(ONE)))
    message["sections"]["files"]["changed"] = value
    return await agent.post_compressed(orjson.dumps(message))


async def _replayed(agent: SpeakingAgent) -> httpx.Response:
    first = write(agent.report(ONE))
    await agent.post(first)
    await agent.send(agent.report(ONE))
    return await agent.post(first)


async def _cloned(agent: SpeakingAgent) -> httpx.Response:
    await agent.tell(ONE)
    agent.incarnation, agent.seq = "b" * 32, 0
    await agent.tell(TWO)
    agent.incarnation = "a" * 32
    return await agent.tell(TWO)


async def _revoked(agent: SpeakingAgent) -> httpx.Response:
    await agent.desk.admin.delete(f"{V1}/agents/{agent.agent_id}")
    return await agent.tell(ONE)


LATE = {"sent_at": 10**9}
Refused = Callable[[SpeakingAgent], Awaitable[httpx.Response]]
REFUSED: dict[str, tuple[int, Refused]] = {
    "unauthorized": (401, lambda agent: agent.post(b"{}", signature="Bearer x")),
    "revoked": (401, _revoked),
    "replayed": (409, _replayed),
    "cloned": (409, _cloned),
    "wrong-hash": (422, lambda agent: agent.send(agent.report(ONE, root=root_of(TWO)))),
    "too-large": (413, lambda agent: agent.post_compressed(b" " * (MOST_INFLATED_BYTES + 1))),
    "body-too-large": (413, lambda agent: agent.post(b" " * (MOST_BODY_BYTES + 1))),
    "unsupported-media-type": (415, lambda agent: agent.post(b"{}", media_type="text/plain")),
    "not-json": (422, lambda agent: agent.post(b"{")),
    "too-deep": (422, lambda agent: agent.post(DEEP)),
    "not-canonical": (422, lambda agent: _with_leaf(agent, [["/etc/motd", 1.5]])),
    "not-a-report": (422, lambda agent: agent.post(b"[]")),
    "too-many-leaves": (422, lambda agent: _with_leaf(agent, [["a", 1]] * (MOST_LEAVES + 1))),
    "unknown-version": (422, lambda agent: agent.post(b'{"v":2}')),
    "clock-off": (422, lambda agent: agent.send(agent.report({}, **LATE))),
}


async def test_every_refusal_that_is_documented_has_its_name_and_leaves_nothing(
    desk: Desk,
) -> None:
    for number, (code, (status, refused)) in enumerate(REFUSED.items()):
        agent = await SpeakingAgent.enrolled(desk, f"host-{number}")
        answer = await refused(agent)
        assert (code, answer.status_code, code_of(answer)) == (code, status, code)
        if code not in {"replayed", "cloned", "revoked"}:
            standing = await agent.standing()
            assert (code, standing["seq"], standing["root"]) == (code, 0, root_of({}))
    table = DOCUMENTATION.read_text().partition("| refused as |")[2].partition("\n\n")[0]
    named = {code for row in table.splitlines()[2:] for code in re.findall("`([a-z-]+)`",
             row.split("|")[1])}  # fmt: skip
    assert named == REFUSED.keys()
