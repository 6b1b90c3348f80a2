"""Templates, policies, stacks, reports, the hold, health and the description of it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.api.table import all_operations
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.domain.records import EventEntry
from tests.api.desk import V1, Desk
from tests.unit.engine.house import A

TEMPLATE = {"resource_type": "aws_vpc", "template_definition": {"cidr": "10.0.0.0/8"}}


async def items(desk: Desk, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await desk.admin.get(V1 + path, params=params)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_template_is_made_changed_and_removed_with_its_history(desk: Desk) -> None:
    made = await desk.admin.post(f"{V1}/templates", json=TEMPLATE)
    address = made.headers["location"]
    changed = await desk.admin.put(address, json={**TEMPLATE, "name": "main"})
    assert (changed.json()["revision"], changed.json()["name"]) == (2, "main")
    history = (await desk.viewer.get(f"{address}/revisions")).json()["items"]
    assert [(one["revision"], one["name"]) for one in history] == [(2, "main"), (1, "")]
    assert (await desk.admin.delete(address)).status_code == 204
    for path in (address, f"{address}/revisions"):
        assert (await desk.viewer.get(path)).status_code == 404


async def test_a_revision_says_what_differs_from_the_one_before(desk: Desk) -> None:
    first = {**TEMPLATE, "template_definition": {"rules": [{"port": 80}], "name": "a"}}
    second = {**first, "template_definition": {"rules": [{"port": 80}, {"port": 22}], "name": "a"}}
    address = (await desk.admin.post(f"{V1}/templates", json=first)).headers["location"]
    for body in (second, {**second, "name": "renamed"}):
        (await desk.admin.put(address, json=body)).raise_for_status()
    history = (await desk.viewer.get(f"{address}/revisions")).json()["items"]
    renamed, widened, oldest = (revision["comparison"] for revision in history)
    added = {"path": "rules[1]", "kind": "added", "before": None, "after": {"port": 22}}
    assert widened == {"differences": [added], "only_order": False, "complete": True}
    assert renamed == {"differences": [], "only_order": False, "complete": True}
    assert oldest is None


async def test_a_template_of_a_stack_is_changed_in_its_code(desk: Desk) -> None:
    await desk.house.scan()
    listed = await items(desk, "/templates", stack="shop")
    assert {one["resource_id"] for one in listed} == {
        "shop/thing.a",
        "shop/thing.b",
        "shop/thing.c",
    }
    answer = await desk.admin.put(f"{V1}/templates/{listed[0]['template_id']}", json=TEMPLATE)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:trueup:problem:from-config")


async def test_a_policy_is_made_read_changed_and_removed(desk: Desk) -> None:
    body = {
        "name": "close what was opened",
        "action_type": "auto_correct",
        "match": {"type": "aws_security_group", "kind": "changed", "min_severity": "high"},
        "drift_threshold": "high",
        "min_score": 70,
        "expires_at": "2027-01-01T00:00:00+01:00",
        "owner": "ann",
    }
    made = await desk.admin.post(f"{V1}/policies", json=body)
    assert made.status_code == 201
    shown = made.json()
    assert shown["expires_at"] == "2026-12-31T23:00:00.000Z"
    assert {key: shown[key] for key in body if key != "expires_at"} == {
        key: value for key, value in body.items() if key != "expires_at"
    }
    address = made.headers["location"]
    changed = await desk.admin.put(address, json={**body, "min_score": 90})
    assert (changed.json()["min_score"], changed.json()["version"]) == (90, 2)
    assert (await desk.viewer.get(address)).json() == changed.json()
    assert (await desk.admin.delete(address)).status_code == 204
    assert (await desk.viewer.get(address)).status_code == 404
    assert await items(desk, "/policies") == []


async def test_a_policy_of_the_file_is_changed_there(desk: Desk) -> None:
    await desk.house.put(Policy(PolicyId("c"), "c", ActionType.MANUAL_REVIEW, source="config"))
    for answer in (
        await desk.admin.put(f"{V1}/policies/c", json={"name": "mine"}),
        await desk.admin.delete(f"{V1}/policies/c"),
    ):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:trueup:problem:from-config"
        assert "trueup.toml" in answer.json()["remedy"]


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_a_list_is_whole_whatever_the_size_of_its_pages(desk: Desk, limit: int) -> None:
    for number in range(5):
        await desk.admin.post(f"{V1}/policies", json={"name": f"p{number}", "position": 5 - number})
    names: list[str] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        page = (await desk.viewer.get(f"{V1}/policies", params=params)).json()
        assert len(page["items"]) <= limit
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert names == ["p4", "p3", "p2", "p1", "p0"]


async def test_a_stack_is_registered_looked_at_and_removed(desk: Desk, tmp_path: Path) -> None:
    body = {"directory": str(tmp_path), "name": "web shop", "interval": "1h30m", "adaptive": True}
    made = await desk.admin.post(f"{V1}/stacks", json=body)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["name"], shown["interval_s"], shown["adaptive"]) == ("web shop", 5400, True)
    assert (shown["source"], shown["health"]) == ("api", "never_run")
    assert shown["own_approval"] is True
    desk.house.limit(own_approval=False)
    assert (await desk.admin.get(f"{V1}/stacks/web%20shop")).json()["own_approval"] is False
    changed = await desk.admin.put(f"{V1}/stacks/web%20shop", json={**body, "interval": "10s"})
    assert changed.json()["interval_s"] == 10
    desk.house.wake_ups.scans.clear()
    queued = await desk.operator.post(f"{V1}/stacks/web%20shop/scan")
    assert (queued.status_code, queued.json()) == (202, {"stack": "web shop", "queued": True})
    assert desk.house.wake_ups.scans == {"web shop"}
    assert (await desk.admin.delete(f"{V1}/stacks/web%20shop")).status_code == 204
    assert [item["name"] for item in await items(desk, "/stacks")] == ["shop"]


async def test_a_stack_has_the_options_of_its_tool_and_no_others(
    desk: Desk, tmp_path: Path
) -> None:
    body = {"directory": str(tmp_path), "name": "web"}
    said = {"workspace": "blue", "var_files": [str(tmp_path / "a.tfvars")], "run_code": False}
    made = await desk.admin.post(f"{V1}/stacks", json={**body, **said, "pulumi_stack": None})
    assert made.status_code == 201
    assert made.json()["definition"] == {
        **body_of(made.json()),
        **said,
        "working_directory": None,
        "children": None,
        "children_left_out": [],
    }
    for wrong, words in (
        ({"pulumi_stack": "dev"}, "pulumi_stack: is a key of pulumi stacks"),
        ({"workspaces": "a"}, "workspaces: unknown key"),
        ({"workspace": 3}, "workspace: Input should be a valid string"),
        ({"var_files": ["a.tfvars"]}, "no absolute path"),
    ):
        refused = await desk.admin.post(f"{V1}/stacks", json={**body, "name": "x", **wrong})
        assert refused.status_code == 422
        assert words in refused.json()["detail"]


def body_of(shown: dict[str, Any]) -> dict[str, Any]:
    return {"directory": shown["directory"], "engine": "auto", "env_file": None}


async def test_the_description_lists_the_options_of_every_tool(desk: Desk) -> None:
    described = (await desk.anonymous.get(f"{V1}/openapi.json")).json()
    stack = described["components"]["schemas"]["StackBody"]
    assert stack["additionalProperties"] is False
    assert "terraform" in stack["properties"]["workspace"]["description"]
    assert "pulumi" in stack["properties"]["pulumi_stack"]["description"]
    assert "pulumi and terraform" in stack["properties"]["run_code"]["description"]


async def test_a_stack_of_the_file_is_changed_there(desk: Desk) -> None:
    answer = await desk.admin.delete(f"{V1}/stacks/shop")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:trueup:problem:from-config")


async def test_a_stack_shows_what_is_known_of_it(desk: Desk) -> None:
    await desk.house.scan()
    desk.house.world.live[A] = {"size": 99}
    await desk.house.scan()
    shown = (await desk.viewer.get(f"{V1}/stacks/shop")).json()
    assert shown["health"] == "drifted"
    assert sum(shown["findings"].values()) == 1
    assert shown["counts"]["changed"] == 1
    assert shown["verified_at"] is not None
    assert await items(desk, "/stacks") == [shown]


async def test_drift_reported_by_another_source_is_found_and_kept(desk: Desk) -> None:
    body = {
        "resource_id": "shop/thing.z",
        "drift_details": {"changes": [{"path": "size", "live": 3}]},
        "severity": "high",
    }
    made = await desk.operator.post(f"{V1}/drift/reports", json=body)
    assert made.status_code == 201
    assert made.json()["event"] == "reported"
    (listed,) = await items(desk, "/drift/reports", resource_id="shop/thing.z")
    assert listed == made.json()
    assert await items(desk, "/drift/reports", since="2099-01-01T00:00:00Z") == []
    (finding,) = await items(desk, "/findings")
    assert (finding["severity"], finding["report_id"]) == ("high", listed["report_id"])
    assert finding["seen_by"] == listed["seen_by"] == "report:operator at the desk"


async def test_whoever_reported_drift_reports_that_it_healed(desk: Desk) -> None:
    drift = {"resource_id": "shop/thing.z", "drift_details": {}}
    healed = {"resource_id": "shop/thing.z", "healed": True}
    await desk.operator.post(f"{V1}/drift/reports", json=drift)
    await desk.admin.post(f"{V1}/drift/reports", json=healed)
    assert len(await items(desk, "/findings")) == 1
    told = await desk.operator.post(f"{V1}/drift/reports", json=healed)
    assert (told.status_code, told.json()["event"]) == (201, "healed")
    assert await items(desk, "/findings") == []


async def test_the_hold_is_pulled_read_and_released(desk: Desk) -> None:
    nothing: dict[str, object] = {"hold": None, "holds": []}
    assert (await desk.viewer.get(f"{V1}/hold")).json() == nothing
    pulled = await desk.operator.post(f"{V1}/hold")
    assert pulled.status_code == 200
    body = {"reason": "an incident", "until": "2026-05-02T10:00:00Z"}
    await desk.operator.post(f"{V1}/hold", json=body)
    shown = (await desk.viewer.get(f"{V1}/hold")).json()["hold"]
    assert shown["reason"] == "an incident"
    assert shown["by"] == "operator at the desk"
    assert shown["until"] == "2026-05-02T10:00:00.000Z"
    assert (await desk.admin.delete(f"{V1}/hold")).status_code == 204
    assert (await desk.viewer.get(f"{V1}/hold")).json() == nothing
    rows = await items(desk, "/audit", subject="hold")
    assert [(row["action"], row["actor"]) for row in rows] == [
        ("hold.released", "admin at the desk"),
        ("hold.set", "operator at the desk"),
        ("hold.set", "operator at the desk"),
    ]


@pytest.mark.parametrize(
    "time",
    ["yesterday", "2026-02-30T00:00:00Z", "2026-05-01", "2026-05-01T10:00:00",
     "0001-01-01T00:00:00+23:59", "1714557600"],
)  # fmt: skip
async def test_a_time_that_is_none_is_refused(desk: Desk, time: str) -> None:
    answer = await desk.operator.post(f"{V1}/hold", json={"until": time})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.until"


async def test_health_tells_whether_the_store_can_be_written(desk: Desk) -> None:
    assert (await desk.anonymous.get("/healthz")).json() == {"status": "ok"}
    assert (await desk.anonymous.get("/readyz")).json() == {"status": "ready"}
    await desk.house.service.store.close()
    assert (await desk.anonymous.get("/healthz")).status_code == 200
    assert (await desk.anonymous.get("/readyz")).status_code == 503


async def test_metrics_tell_of_the_fleet_and_of_the_api(desk: Desk) -> None:
    desk.house.world.live[A] = {"size": 99}
    await desk.house.scan()
    await desk.viewer.get(f"{V1}/findings")
    await desk.viewer.get(f"{V1}/findings/nothing")
    await desk.viewer.get(f"{V1}/made/up/{'x' * 50}")
    desk.app.state.metrics.happened(
        EventEntry(desk.clock.now(), "run.ended", "r", {"state": "finished"})
    )
    for state, guard in (
        ("held", "kill_switch"),
        ("awaiting_approval", "policy"),
        ("suppressed", None),
    ):
        body = {"state": state, "guard": guard}
        desk.app.state.metrics.happened(
            EventEntry(desk.clock.now(), f"remediation.{state}", "m", body)
        )
    answer = await desk.viewer.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.text
    for line in (
        'trueup_stacks{health="drifted"} 1.0',
        "trueup_hold 0.0",
        'trueup_runs_total{state="finished"} 1.0',
        'trueup_admission_total{answer="hold",guard="kill_switch"} 1.0',
        'trueup_admission_total{answer="needs_approval",guard="policy"} 1.0',
        'trueup_open_remediations{state="awaiting_approval"} 0.0',
        'trueup_api_request_seconds_count{method="GET",route="/api/v1/findings",status="200"} 1.0',
        'route="/api/v1/findings/{finding_id}",status="404"',
        'route="none",status="404"',
        "process_resident_memory_bytes",
        'trueup_stack_scan_seconds{stack="shop"}',
    ):
        assert line in text
    assert "xxxxx" not in text


async def test_the_description_names_every_operation_and_its_permission(desk: Desk) -> None:
    described = (await desk.anonymous.get(f"{V1}/openapi.json")).json()
    found = {
        (method.upper(), path): one
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    }
    operations = all_operations()
    assert set(found) == set(operations)
    for key, operation in operations.items():
        shown = found[key]
        assert shown.get("x-required-permission") == operation.permission
        assert {"422", "500", "503"} <= set(shown["responses"])
        assert shown["summary"]
    assert set(described["components"]["securitySchemes"]) == {"bearer"}
    assert "HTTPValidationError" not in described["components"]["schemas"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_there_is_no_page_to_play_with(desk: Desk, path: str) -> None:
    assert (await desk.admin.get(path)).status_code == 404
