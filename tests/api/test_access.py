"""Who may call what: every operation stands in one table, and the table is obeyed."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.api import credentials
from reconciler.api.app import build_app
from reconciler.api.late_route import LateRoute
from reconciler.api.limits import Limits
from reconciler.api.table import all_operations
from reconciler.domain.principals import PERMISSIONS, Role
from reconciler.stores import Transaction
from tests.api.desk import V1, Desk, client_for, open_desk
from tests.patience import PATIENCE_S

OPERATIONS = all_operations()
GUARDED = {
    key: operation.permission
    for key, operation in OPERATIONS.items()
    if operation.permission is not None and not operation.open_on_loopback
}
ENDLESS = ("GET", f"{V1}/events")


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "nothing", path)


async def test_every_route_stands_in_the_table(desk: Desk) -> None:
    routes = {
        (method, route.path_format)
        for route in desk.app.routes
        if isinstance(route, LateRoute)
        for method in route.methods or ()
    }
    assert routes == set(OPERATIONS)
    others = [route for route in desk.app.routes if not isinstance(route, LateRoute)]
    assert [getattr(route, "path", None) for route in others] == [f"{V1}/openapi.json"]


async def test_a_route_is_looked_through_once_it_is_asked(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        routes = [route for route in desk.app.routes if isinstance(route, LateRoute)]
        assert not [route.path for route in routes if "whole" in vars(route)]
        asked = await desk.anonymous.get("/healthz")
        head = await desk.anonymous.head("/healthz")
        assert (asked.status_code, head.status_code) == (200, 405)
        assert [route.path for route in routes if "whole" in vars(route)] == ["/healthz"]


async def test_only_health_and_what_agents_prove_themselves_for_is_open() -> None:
    free = {path for (_, path), one in OPERATIONS.items() if one.permission is None}
    by_proof = {"/api/v1/agents/enroll", "/api/v1/agents/reports", "/api/v1/channels/{name}/slack"}
    assert free == {"/healthz", "/readyz"} | by_proof


async def test_nobody_gets_in_without_a_token(desk: Desk) -> None:
    for method, path in GUARDED:
        answer = await desk.anonymous.request(method, filled(path))
        assert (path, answer.status_code) == (path, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", Role)
async def test_a_role_gets_in_exactly_where_it_has_the_permission(desk: Desk, role: Role) -> None:
    for (method, path), permission in GUARDED.items():
        allowed = permission in PERMISSIONS[role]
        if allowed and (method, path) == ENDLESS:
            continue
        answer = await desk.clients[role].request(method, filled(path))
        assert (path, answer.status_code not in {401, 403}) == (path, allowed)
        assert (path, answer.status_code < 500) == (path, True)
        if not allowed:
            problem = answer.json()
            assert problem["type"] == "urn:trueup:problem:forbidden"
            assert problem["permission"] == permission
            assert permission in problem["detail"]


@pytest.mark.parametrize(("role", "source"), [(Role.AGENT, "agent:"), (Role.REPORTER, "report:")])
async def test_a_reporting_host_reports_and_reads_nothing(
    desk: Desk, role: Role, source: str
) -> None:
    client = desk.clients[role]
    body = {"resource_id": "shop/thing.z", "drift_details": {}}
    made = await client.post(f"{V1}/drift/reports", json=body)
    assert (made.status_code, made.json()["seen_by"]) == (201, f"{source}{role} at the desk")
    for path in ("/findings", "/drift/reports", "/stacks", "/hold"):
        assert (await client.get(f"{V1}{path}")).status_code == 403
    for path in ("/hold", "/remediations", "/stacks/shop/scan"):
        assert (await client.post(f"{V1}{path}")).status_code == 403


async def test_the_audit_says_what_kind_of_somebody_acted(desk: Desk) -> None:
    body = {"resource_id": "shop/thing.z", "drift_details": {}}
    await desk.clients[Role.REPORTER].post(f"{V1}/drift/reports", json=body)
    await desk.operator.post(f"{V1}/hold")
    listed = (await desk.clients[Role.AUDITOR].get(f"{V1}/audit")).json()["items"]
    assert [(one["actor"], one["actor_kind"]) for one in listed] == [
        ("operator at the desk", "user"),
        ("reporter at the desk", "reporter"),
    ]


@pytest.mark.parametrize("name", ["trueup", "embedding program"])
async def test_no_token_is_named_like_trueup_in_the_audit(desk: Desk, name: str) -> None:
    answer = await desk.admin.post(f"{V1}/tokens", json={"name": name, "role": "viewer"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:trueup:problem:invalid")


@pytest.mark.parametrize(
    "header",
    [
        "Basic YTpi",
        "Bearer",
        "Bearer tu_admin",
        "Bearer tu_admin." + "0" * 43,
        "Bearer tu_nobody." + "0" * 43,
        "Bearer tu_admin\x00." + "0" * 43,
        "Bearer " + "x" * 2000,
    ],
)
async def test_a_bad_token_opens_nothing(desk: Desk, header: str) -> None:
    answer = await desk.anonymous.get(f"{V1}/stacks", headers={b"Authorization": header.encode()})
    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["www-authenticate"]


async def test_a_token_whose_time_is_over_opens_nothing(desk: Desk) -> None:
    body = {"name": "short", "role": "viewer", "expires_in": "1h"}
    made = await desk.admin.post(f"{V1}/tokens", json=body)
    async with client_for(desk.app, made.json()["token"]) as short:
        assert (await short.get(f"{V1}/stacks")).status_code == 200
        desk.clock.move(hours=2)
        answer = await short.get(f"{V1}/stacks")
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:trueup:problem:token-expired"
        assert "the token short expired at" in answer.json()["detail"]


async def test_a_removed_token_opens_nothing_at_once(desk: Desk) -> None:
    made = (await desk.admin.post(f"{V1}/tokens", json={"name": "gone", "role": "viewer"})).json()
    async with client_for(desk.app, made["token"]) as gone:
        assert (await gone.get(f"{V1}/stacks")).status_code == 200
        removed = await desk.admin.delete(f"{V1}/tokens/{made['token_id']}")
        assert removed.status_code == 204
        assert (await gone.get(f"{V1}/stacks")).status_code == 401


async def test_the_last_admin_token_stays(desk: Desk) -> None:
    answer = await desk.admin.delete(f"{V1}/tokens/admin")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:trueup:problem:last-admin")


async def test_a_secret_is_shown_once_and_kept_nowhere(desk: Desk) -> None:
    body = {"name": "new", "role": "viewer"}
    headers = {"Idempotency-Key": "token-1"}
    made = await desk.admin.post(f"{V1}/tokens", json=body, headers=headers)
    secret = made.json()["token"].partition(".")[2]
    again = await desk.admin.post(f"{V1}/tokens", json=body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:trueup:problem:secret-shown-once",
    )
    assert secret not in (await desk.admin.get(f"{V1}/tokens")).text
    assert secret not in (await desk.admin.get(f"{V1}/audit")).text
    folder = desk.house.service.runs.parent
    kept = b"".join(file.read_bytes() for file in folder.glob("trueup.db*"))
    assert secret.encode() not in kept


async def test_more_than_ten_bad_tokens_a_minute_are_too_many(desk: Desk) -> None:
    bad = {"Authorization": "Bearer tu_admin." + "1" * 43}
    answers = [await desk.anonymous.get(f"{V1}/stacks", headers=bad) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert answers[-1].headers["retry-after"] == "60"
    # Whoever holds a good one on the same machine is not locked out by that.
    assert (await desk.viewer.get(f"{V1}/stacks")).status_code == 200
    async with client_for(desk.app, caller=("10.1.2.3", 1)) as elsewhere:
        assert (await elsewhere.get(f"{V1}/stacks", headers=bad)).status_code == 401


async def test_the_last_use_of_a_token_is_noted_once_a_minute(desk: Desk) -> None:
    async def used() -> str | None:
        listed = (await desk.admin.get(f"{V1}/tokens")).json()["items"]
        times = {one["token_id"]: one["last_used_at"] for one in listed}
        last: str | None = times["viewer"]
        return last

    assert await used() is None
    await desk.viewer.get(f"{V1}/stacks")
    first = await used()
    assert first is not None
    desk.clock.at += timedelta(seconds=30)
    await desk.forget_passes()
    await desk.viewer.get(f"{V1}/stacks")
    assert await used() == first
    desk.clock.at += timedelta(seconds=31)
    await desk.forget_passes()
    await desk.viewer.get(f"{V1}/stacks")
    assert await used() != first


async def test_a_token_is_read_and_its_first_use_noted_once_by_many_requests_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long forty requests take here; after it a token is looked up once more.
    monkeypatch.setattr(credentials, "_REMEMBERED_S", PATIENCE_S)
    store = type(desk.house.service.store)
    times: Counter[str] = Counter()

    def count(name: str) -> None:
        kept = getattr(store, name)

        async def counted(self: Any, work: Callable[[Transaction], Any]) -> Any:
            times[name] += 1
            return await kept(self, work)

        monkeypatch.setattr(store, name, counted)

    count("transact")
    count("read")
    await desk.forget_passes()
    answers = await asyncio.gather(*(desk.viewer.get(f"{V1}/stacks") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert times == {"transact": 1, "read": 1 + len(answers)}


async def test_metrics_need_a_token(desk: Desk) -> None:
    assert (await desk.anonymous.get("/metrics")).status_code == 401
    assert (await desk.viewer.get("/metrics")).status_code == 200


async def test_metrics_are_open_on_loopback_alone_where_that_is_configured(desk: Desk) -> None:
    app = build_app(desk.house.service, open_metrics=True)
    async with client_for(app) as here, client_for(app, caller=("10.1.2.3", 1)) as elsewhere:
        assert (await here.get("/metrics")).status_code == 200
        assert (await elsewhere.get("/metrics")).status_code == 401
        assert (await elsewhere.get("/healthz")).status_code == 200


async def test_limits_are_those_that_were_given(tmp_path_factory: pytest.TempPathFactory) -> None:
    limits = Limits(bad_tokens_per_minute=1)
    async with open_desk(tmp_path_factory.mktemp("own"), limits=limits) as desk:
        bad = {"Authorization": "Bearer tu_admin." + "1" * 43}
        answers = [await desk.anonymous.get(f"{V1}/stacks", headers=bad) for _ in range(2)]
        assert [one.status_code for one in answers] == [401, 429]
