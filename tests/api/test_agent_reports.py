"""Reports of agents over the API: what is taken of them, and in which order."""

from __future__ import annotations

import asyncio

from agent.protocol.messages import (
    write,
)
from agent.protocol.tree import Section, digests_of
from tests.api.desk import V1, Desk
from tests.api.speaking_agent import ONE, TWO, SpeakingAgent, code_of, root_of


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
