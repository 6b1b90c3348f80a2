"""The walk of one drift through the API: found, asked for, approved, corrected."""

from __future__ import annotations

from typing import Any

from reconciler.domain.remediation_states import RemediationState
from tests.api.desk import V1, Desk
from tests.unit.engine.house import MANUAL, A, B


async def test_a_drift_walks_from_its_report_to_converged(desk: Desk) -> None:
    await desk.house.scan()
    desk.house.world.live[A] = {"size": 99}
    await desk.house.scan()

    listed = (await desk.viewer.get(f"{V1}/findings")).json()
    (finding,) = listed["items"]
    assert (finding["stack"], finding["address"], finding["state"]) == ("shop", A, "open")
    assert finding["resource_id"] == f"shop/{A}"

    plan = (await desk.operator.post(f"{V1}/findings/{finding['id']}/plan")).json()
    assert [one["address"] for one in plan["resources"]] == [A]

    asked = await desk.operator.post(f"{V1}/remediations", json={"report_id": finding["report_id"]})
    assert asked.status_code == 201
    remediation = f"{V1}/remediations/{asked.json()['id']}"
    await desk.house.settle()
    waiting = (await desk.viewer.get(remediation)).json()
    assert waiting["state"] == "awaiting_approval"

    wrong = await desk.approver.post(f"{remediation}/approve", json={"plan_digest": "0" * 64})
    assert wrong.status_code == 409
    assert wrong.json()["type"] == "urn:trueup:problem:plan-digest-mismatch"
    part = {"plan_digest": waiting["plan_digest"][:7]}
    cut = await desk.approver.post(f"{remediation}/approve", json=part)
    assert (cut.status_code, cut.json()["remedy"]) == (409, "give all 64 characters")

    right = await desk.approver.post(
        f"{remediation}/approve", json={"plan_digest": waiting["plan_digest"]}
    )
    assert right.status_code == 200
    desk.house.clock.move(seconds=1)
    await desk.house.settle()
    assert (await desk.viewer.get(remediation)).json()["state"] == RemediationState.CONVERGED
    assert desk.house.world.live[A] == {"size": 1}

    history = await desk.viewer.get(f"{V1}/drift/reports", params={"resource_id": f"shop/{A}"})
    assert [one["event"] for one in history.json()["items"]][-1] == "detected"
    (run,) = (await desk.viewer.get(f"{V1}/runs")).json()["items"]
    assert run["state"] == "finished"
    log = (await desk.viewer.get(f"{V1}/runs/{run['id']}/log")).json()
    assert log["next_offset"] > 0


async def test_a_rejected_remediation_changes_nothing(desk: Desk) -> None:
    await desk.house.put(MANUAL)
    await desk.house.scan()
    desk.house.world.live[A] = {"size": 99}
    await desk.house.scan()
    (waiting,) = (
        await desk.viewer.get(f"{V1}/remediations", params={"state": "awaiting_approval"})
    ).json()["items"]
    path = f"{V1}/remediations/{waiting['id']}"
    body = {"reason": "it is wanted", "plan_digest": "0" * 64}
    for verb in ("reject", "suppress"):
        unread = await desk.approver.post(f"{path}/{verb}", json=body)
        assert unread.json()["type"] == "urn:trueup:problem:plan-digest-mismatch"
        assert (await desk.viewer.get(path)).json()["state"] == "awaiting_approval"
    body["plan_digest"] = waiting["plan_digest"]
    answer = await desk.approver.post(f"{path}/reject", json=body)
    assert answer.json()["state"] == "rejected"
    assert desk.house.world.live[A] == {"size": 99}


async def test_one_of_two_is_decided_alone_and_the_other_suppressed_and_taken_back(
    desk: Desk,
) -> None:
    desk.house.world.depends[B] = (A,)
    await desk.house.put(MANUAL)
    desk.house.world.live |= {A: {"size": 99}, B: {"size": 99}}
    await desk.house.scan()
    whole = (await _waiting(desk))[0]
    made = await desk.approver.post(
        f"{V1}/remediations/{whole['id']}/split", json={"addresses": [A]}
    )
    assert (made.status_code, made.json()["addresses"]) == (201, [A])
    await desk.house.settle()
    assert {tuple(one["addresses"]) for one in await _waiting(desk)} == {(A,), (B,)}

    rest = next(one for one in await _waiting(desk) if one["addresses"] == [B])
    until = {"reason": "known", "until": "2036-05-01T10:00:00Z"}
    await desk.approver.post(f"{V1}/remediations/{rest['id']}/suppress", json=until)
    stack = (await desk.viewer.get(f"{V1}/stacks/shop")).json()
    assert (stack["suppressed"], sum(stack["findings"].values())) == (1, 1)
    (finding,) = rest["finding_ids"]
    opened = await desk.approver.post(f"{V1}/findings/{finding}/unsuppress")
    assert (opened.status_code, opened.json()["state"]) == (200, "open")
    again = await desk.approver.post(f"{V1}/findings/{finding}/unsuppress")
    assert again.json()["type"] == "urn:trueup:problem:not-suppressed"
    stack = (await desk.viewer.get(f"{V1}/stacks/shop")).json()
    assert (stack["suppressed"], sum(stack["findings"].values())) == (0, 2)


async def test_drift_is_ignored_only_as_the_report_that_was_looked_at(desk: Desk) -> None:
    desk.house.world.live |= {A: {"size": 99}}
    await desk.house.scan()
    (seen,) = (await desk.viewer.get(f"{V1}/findings")).json()["items"]
    desk.house.world.live |= {A: {"size": 100}}
    await desk.house.scan()
    path = f"{V1}/findings/{seen['id']}"
    (now,) = (await desk.viewer.get(f"{V1}/findings")).json()["items"]
    assert now["report_id"] != seen["report_id"]
    body = {"reason": "known", "report_id": seen["report_id"]}
    refused = await desk.approver.post(f"{path}/ignore", json=body)
    assert (refused.status_code, refused.json()["type"]) == (
        409, "urn:trueup:problem:drift-changed",
    )  # fmt: skip
    assert (await desk.viewer.get(path)).json()["state"] == "open"
    unknown = {"reason": "known", "report_id": "no-such-report"}
    assert (await desk.approver.post(f"{path}/ignore", json=unknown)).status_code == 409
    body["report_id"] = now["report_id"]
    taken = await desk.approver.post(f"{path}/ignore", json=body)
    assert (taken.status_code, taken.json()["state"]) == (200, "ignored")


async def test_an_undeclared_change_is_declared_accepted_and_taken_back(desk: Desk) -> None:
    desk.house.world.beyond[A] = ({"port": 1}, {"port": 1})
    await desk.house.scan()
    desk.house.world.beyond[A] = ({"port": 1}, {"port": 22})
    await desk.house.scan()
    (found,) = (await desk.viewer.get(f"{V1}/findings")).json()["items"]
    assert (found["origin"], found["changes"][0]["recorded"]) == ("undeclared", 1)
    one = f"{V1}/findings/{found['id']}"

    declared = (await desk.viewer.get(f"{one}/declaration")).json()
    assert (declared["language"], "port = 22" in declared["text"]) == ("hcl", True)
    body = {"reason": "wanted", "fingerprint": found["fingerprint"]}
    assert (await desk.viewer.post(f"{one}/accept", json=body)).status_code == 403
    key = {"Idempotency-Key": "once"}
    made = await desk.approver.post(f"{one}/accept", json=body, headers=key)
    again = await desk.approver.post(f"{one}/accept", json=body, headers=key)
    assert (made.status_code, again.json()) == (200, made.json())
    assert (made.json()["address"], made.json()["reason"]) == (A, "wanted")
    twice = await desk.approver.post(f"{one}/accept", json=body)
    assert twice.json()["type"] == "urn:trueup:problem:already-accepted"
    await desk.house.scan()
    assert (await desk.viewer.get(f"{V1}/findings")).json()["items"] == []

    undone = await desk.approver.post(f"{one}/undo-accept")
    assert undone.json()["undone_at"] is not None
    await desk.house.scan()
    assert len((await desk.viewer.get(f"{V1}/findings")).json()["items"]) == 1


async def _waiting(desk: Desk) -> list[dict[str, Any]]:
    query = {"state": "awaiting_approval"}
    answer = await desk.viewer.get(f"{V1}/remediations", params=query)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
