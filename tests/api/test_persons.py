"""Approvals are those of persons: whoever has two tokens approves once, and not what they asked."""

from __future__ import annotations

import httpx
import pytest

from reconciler.domain.remediation_states import RemediationState
from reconciler.stores import Transaction
from tests.api.desk import V1, Desk, client_for
from tests.unit.engine.house import MANUAL, QUARANTINE, A, B

P = RemediationState


async def token_for(
    desk: Desk, name: str, *, person: str | None = None, role: str = "approver"
) -> httpx.AsyncClient:
    """Make a token by the API, and return a client that comes with it."""
    body = {"name": name, "role": role, **({"person": person} if person else {})}
    made = await desk.admin.post(f"{V1}/tokens", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["person"] == (person or name)
    return client_for(desk.app, made.json()["token"])


async def drifted(desk: Desk) -> None:
    desk.house.world.live[A] = {"size": 9}
    await desk.house.scan()


async def approve(desk: Desk, client: httpx.AsyncClient) -> httpx.Response:
    waiting = await desk.house.the_open()
    answer = await client.post(
        f"{V1}/remediations/{waiting.id}/approve", json={"plan_digest": waiting.plan_digest}
    )
    await desk.house.settle()
    return answer


async def requested(desk: Desk, client: httpx.AsyncClient) -> None:
    (finding,) = await desk.house.findings()
    made = await client.post(f"{V1}/remediations", json={"report_id": finding.report_id})
    assert made.status_code == 201, made.text
    await desk.house.settle()


async def test_two_tokens_of_one_person_count_once(desk: Desk) -> None:
    await desk.house.put(MANUAL)
    desk.house.limit(approvals=2)
    await drifted(desk)
    laptop = await token_for(desk, "ana")
    phone = await token_for(desk, "ana-phone", person="ana")
    bob = await token_for(desk, "bob-phone", person="bob")
    for client in (laptop, phone, laptop):
        assert (await approve(desk, client)).status_code == 200
        waiting = await desk.house.the_open()
        assert waiting.state is P.AWAITING_APPROVAL
        assert [approval.person for approval in waiting.approvals] == ["ana"]
        assert "1 of 2 approvals" in str(waiting.note)
    assert desk.house.world.live[A] == {"size": 9}
    answer = await approve(desk, bob)
    assert sorted(one["person"] for one in answer.json()["approvals"]) == ["ana", "bob"]
    assert desk.house.world.live[A] == {"size": 1}


async def test_a_second_token_approves_nothing_that_the_first_asked_for(desk: Desk) -> None:
    desk.house.limit(own_approval=False)
    await drifted(desk)
    laptop = await token_for(desk, "ana")
    phone = await token_for(desk, "ana-phone", person="ana")
    await requested(desk, phone)
    waiting = await desk.house.the_open()
    assert waiting.requested_by == "ana"
    for client in (laptop, phone):
        refused = await approve(desk, client)
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:trueup:problem:own-request"
        assert "ana asked for it" in refused.json()["detail"]
    assert desk.house.world.live[A] == {"size": 9}
    bob = await token_for(desk, "bob")
    assert (await approve(desk, bob)).status_code == 200
    assert desk.house.world.live[A] == {"size": 1}


async def test_what_a_person_did_counts_after_the_token_is_gone(desk: Desk) -> None:
    await desk.house.put(MANUAL)
    desk.house.limit(approvals=2)
    await drifted(desk)
    phone = await token_for(desk, "ana-phone", person="ana")
    await approve(desk, phone)
    listed = (await desk.admin.get(f"{V1}/tokens")).json()["items"]
    (known,) = [token for token in listed if token["name"] == "ana-phone"]
    assert (await desk.admin.delete(f"{V1}/tokens/{known['token_id']}")).status_code == 204
    await approve(desk, await token_for(desk, "ana"))
    assert (await desk.house.the_open()).state is P.AWAITING_APPROVAL
    assert desk.house.world.live[A] == {"size": 9}


async def test_the_audit_names_the_token_and_the_approval_the_person(desk: Desk) -> None:
    await desk.house.put(MANUAL)
    await drifted(desk)
    phone = await token_for(desk, "ana-phone", person="ana")
    approved = (await approve(desk, phone)).json()
    assert [one["person"] for one in approved["approvals"]] == ["ana"]
    rows = (await desk.admin.get(f"{V1}/audit", params={"subject": approved["id"]})).json()
    actors = {row["actor"] for row in rows["items"]} - {"trueup"}
    assert actors == {"ana-phone"}
    made = (await desk.admin.get(f"{V1}/audit")).json()["items"]
    (created,) = [row for row in made if row["action"] == "token.created"]
    assert created["details"]["person"] == "ana"


async def test_whoami_says_who_is_behind_the_token(desk: Desk) -> None:
    phone = await token_for(desk, "ana-phone", person="ana")
    told = (await phone.get(f"{V1}/whoami")).json()
    assert (told["name"], told["person"]) == ("ana-phone", "ana")


@pytest.mark.parametrize("name", ["trueup", "embedding program", "policy"])
async def test_no_token_is_that_of_trueup_or_a_policy(desk: Desk, name: str) -> None:
    body = {"name": "ana-phone", "role": "viewer", "person": name}
    answer = await desk.admin.post(f"{V1}/tokens", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:trueup:problem:invalid")


async def without(desk: Desk, name: str) -> None:
    """Remove the token called `name`."""
    listed = (await desk.admin.get(f"{V1}/tokens")).json()["items"]
    (known,) = [token for token in listed if token["name"] == name]
    assert (await desk.admin.delete(f"{V1}/tokens/{known['token_id']}")).status_code == 204


async def test_nobody_approves_what_a_token_asked_for_that_became_theirs(desk: Desk) -> None:
    desk.house.limit(own_approval=False)
    await drifted(desk)
    await requested(desk, await token_for(desk, "ana-laptop"))
    await without(desk, "ana-laptop")
    laptop = await token_for(desk, "ana-laptop", person="ana")
    phone = await token_for(desk, "ana-phone", person="ana")
    for client in (laptop, phone):
        refused = await approve(desk, client)
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:trueup:problem:own-request"
    assert desk.house.world.live[A] == {"size": 9}


async def test_what_is_approved_by_who_asked_is_theirs_for_the_guard_too(desk: Desk) -> None:
    await drifted(desk)
    await requested(desk, await token_for(desk, "ana-laptop"))
    await without(desk, "ana-laptop")
    await desk.admin.post(f"{V1}/hold", json={"reason": "wait"})
    await approve(desk, await token_for(desk, "ana-laptop", person="ana"))
    desk.house.limit(own_approval=False)
    await desk.admin.delete(f"{V1}/hold")
    await desk.house.later(minutes=5)
    waiting = await desk.house.the_open()
    assert (waiting.state, waiting.guard) == (P.AWAITING_APPROVAL, "approvers")
    assert desk.house.world.live[A] == {"size": 9}


async def test_the_approval_of_a_token_that_became_theirs_counts_once(desk: Desk) -> None:
    await desk.house.put(MANUAL)
    desk.house.limit(approvals=2)
    await drifted(desk)
    await approve(desk, await token_for(desk, "ana-laptop"))
    await without(desk, "ana-laptop")
    laptop = await token_for(desk, "ana-laptop", person="ana")
    phone = await token_for(desk, "ana-phone", person="ana")
    for client in (phone, laptop):
        assert (await approve(desk, client)).status_code == 200
        waiting = await desk.house.the_open()
        assert [approval.person for approval in waiting.approvals] == ["ana"]
    assert desk.house.world.live[A] == {"size": 9}


async def test_a_token_of_a_persons_token_is_that_persons(desk: Desk) -> None:
    await token_for(desk, "ana", person="anna")
    body = {"name": "ana-phone", "role": "viewer", "person": "ana"}
    made = await desk.admin.post(f"{V1}/tokens", json=body)
    assert made.json()["person"] == "anna"


async def test_no_token_makes_two_persons_of_one(desk: Desk) -> None:
    await token_for(desk, "ana-phone", person="ana")
    body = {"name": "ana", "role": "viewer", "person": "anna"}
    refused = await desk.admin.post(f"{V1}/tokens", json=body)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:trueup:problem:other-person"
    assert "ana is the person of token ana-phone" in refused.json()["detail"]


async def test_who_signed_in_counts_though_the_token_is_removed_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.api.credentials._REMEMBERED_S", 3600.0)
    await drifted(desk)
    phone = await token_for(desk, "ana-phone", person="ana")
    assert (await phone.get(f"{V1}/whoami")).status_code == 200

    def work(tx: Transaction) -> None:
        token = tx.tokens.named("ana-phone")
        assert token is not None
        tx.tokens.remove(token.token_id)

    await desk.house.service.store.transact(work)
    await requested(desk, phone)
    assert (await desk.house.the_open()).requested_by == "ana"
    await approve(desk, phone)
    (done,) = await desk.house.remediations()
    assert [approval.person for approval in done.approvals] == ["ana"]


async def test_the_audit_names_the_token_that_had_it_released(desk: Desk) -> None:
    desk.house.world.edges = {B: A}
    await desk.house.put(QUARANTINE)
    await drifted(desk)
    phone = await token_for(desk, "ana-phone", person="ana")
    isolated = (await approve(desk, phone)).json()["id"]
    made = await phone.post(f"{V1}/remediations/{isolated}/release")
    assert (made.status_code, made.json()["requested_by"]) == (201, "ana")
    await without(desk, "ana-phone")
    await desk.house.settle()
    rows = (await desk.admin.get(f"{V1}/audit")).json()["items"]
    (released,) = [row for row in rows if row["action"] == "quarantine.released"]
    assert (released["actor"], released["subject"]) == ("ana-phone", isolated)
    (finding,) = await desk.house.findings()
    assert finding.decision is not None
    assert finding.decision.by == "ana-phone"
