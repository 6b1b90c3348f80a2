"""`Idempotency-Key`: sent again is answered again, and not done again."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response

from reconciler.api.refusal import Refusal
from reconciler.api.replay import Asked, Replays
from reconciler.domain.principals import Role
from tests.api.desk import V1, Desk, token_of

TEMPLATE = {"resource_type": "aws_vpc", "template_definition": {"cidr": "10.0.0.0/8"}}


async def templates(desk: Desk) -> int:
    return len((await desk.viewer.get(f"{V1}/templates")).json()["items"])


async def test_the_same_request_is_done_once(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a"}
    first = await desk.admin.post(f"{V1}/templates", json=TEMPLATE, headers=headers)
    again = await desk.admin.post(f"{V1}/templates", json=TEMPLATE, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await templates(desk) == 1


async def test_another_request_with_the_key_is_refused(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a"}
    await desk.admin.post(f"{V1}/templates", json=TEMPLATE, headers=headers)
    other = await desk.admin.post(
        f"{V1}/templates", json={**TEMPLATE, "name": "other"}, headers=headers
    )
    assert other.status_code == 409
    assert other.json()["type"] == "urn:trueup:problem:idempotency-key-reused"
    elsewhere = await desk.admin.post(f"{V1}/hold", json={}, headers=headers)
    assert elsewhere.status_code == 409
    assert await templates(desk) == 1


async def test_a_key_belongs_to_its_token(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a"}
    await desk.operator.post(f"{V1}/hold", json={"reason": "mine"}, headers=headers)
    other = await desk.approver.post(f"{V1}/hold", json={"reason": "yours"}, headers=headers)
    assert other.status_code == 200
    assert other.json()["hold"]["reason"] == "yours"


async def test_twins_that_come_at_once_do_it_once(desk: Desk) -> None:
    headers = {"Idempotency-Key": "twins"}
    answers = await asyncio.gather(
        *(desk.admin.post(f"{V1}/templates", json=TEMPLATE, headers=headers) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["template_id"] for answer in answers}) == 1
    assert await templates(desk) == 1


async def test_a_conflict_is_answered_again(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a"}
    body = {"name": "p"}
    await desk.admin.post(f"{V1}/policies", json=body)
    first = await desk.admin.post(f"{V1}/policies", json=body, headers=headers)
    again = await desk.admin.post(f"{V1}/policies", json=body, headers=headers)
    assert first.status_code == again.status_code == 409
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"
    assert first.json() == again.json()


async def test_a_failure_of_ours_may_be_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("x")

    headers = {"Idempotency-Key": "a"}
    with monkeypatch.context() as broken:
        broken.setattr("reconciler.engine.templates.create", fail)
        first = await desk.admin.post(f"{V1}/templates", json=TEMPLATE, headers=headers)
    assert first.status_code == 500
    again = await desk.admin.post(f"{V1}/templates", json=TEMPLATE, headers=headers)
    assert again.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "tab\there"])
async def test_a_key_that_is_none_is_refused(desk: Desk, key: str) -> None:
    answer = await desk.admin.post(
        f"{V1}/templates", json=TEMPLATE, headers={b"Idempotency-Key": key.encode("latin-1")}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    assert await templates(desk) == 0


async def test_a_twin_waits_only_so_long(desk: Desk) -> None:
    replays = Replays(desk.house.service, wait_s=0.01)
    slow = Slow()
    first = asyncio.ensure_future(replays.once(slow.asked(desk), slow.work))
    await slow.begun.wait()
    with pytest.raises(Refusal) as refused:
        await replays.once(slow.asked(desk), slow.work)
    assert (refused.value.status, refused.value.code) == (409, "in-progress")
    slow.go_on.set()
    assert (await first).status_code == 200


async def test_what_is_begun_is_kept_also_for_whoever_goes_away(desk: Desk) -> None:
    replays = Replays(desk.house.service)
    slow = Slow()
    first = asyncio.ensure_future(replays.once(slow.asked(desk), slow.work))
    await slow.begun.wait()
    first.cancel()
    slow.go_on.set()
    again = await replays.once(slow.asked(desk), slow.work)
    assert again.headers["idempotent-replayed"] == "true"
    assert slow.times == 1


class Slow:
    """Work that is begun, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.times = 0

    def asked(self, desk: Desk) -> Asked:
        return Asked(token_of(Role.ADMIN, desk.clock), "slow", "digest")

    async def work(self) -> Response:
        self.times += 1
        self.begun.set()
        await self.go_on.wait()
        return Response(b"{}", media_type="application/json")
