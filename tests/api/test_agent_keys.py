"""Enrolment of hosts, and the keys that their reports are signed with."""

from __future__ import annotations

from reconciler.domain.agents import agent_key
from tests.api.desk import V1, Desk
from tests.api.speaking_agent import ONE, TWO, SpeakingAgent, code_of


async def test_only_its_own_key_speaks_for_an_agent(agent: SpeakingAgent, desk: Desk) -> None:
    other = await SpeakingAgent.enrolled(desk, "web-2")
    other.agent_id = agent.agent_id
    answer = await other.tell(ONE)
    assert (answer.status_code, code_of(answer)) == (401, "unauthorized")
    agent.serial = 2
    assert code_of(await agent.tell(ONE)) == "unauthorized"
    for header in ("Bearer x", "Trueup-Agent", f"Trueup-Agent {agent.agent_id}.1.{'0' * 64}"):
        assert code_of(await agent.post(b"{}", signature=header)) == "unauthorized"


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
