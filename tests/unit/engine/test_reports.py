from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Kind, Severity
from reconciler.domain.phases import Phase
from reconciler.domain.records import TemplateId
from reconciler.engine.decisions import request
from reconciler.engine.ingest_report import ReportDraft, submit_report
from tests.unit.engine.house import AUTO, A, House

CANARY = "hunter2-canary"
DETAILS: dict[str, Any] = {
    "changes": [
        {"path": "size", "live": 9, "recorded": 1},
        {"path": "password", "live": CANARY, "recorded": None, "sensitive": True},
        "nonsense",
        {"path": 3},
    ],
    "by": "cron",
}
UNMARKED: dict[str, Any] = {
    "changes": [{"path": "db.password[0]", "live": CANARY, "recorded": None}],
    "headers": {"Authorization": CANARY},
}
DRAFT = ReportDraft(f"shop/{A}", DETAILS, type="thing", severity=Severity.HIGH)


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth - 1):
        inner = {"a": inner}
    return inner


async def test_what_others_report_is_kept_and_looked_at(house: House) -> None:
    await house.look()
    report = await submit_report(house.service, DRAFT, actor="ci")
    assert (report.event, report.stack) == ("reported", "shop")
    assert await house.read(lambda view: view.reports.get(report.report_id)) == report
    (finding,) = await house.findings()
    assert (finding.address, finding.severity, finding.score) == (A, Severity.HIGH, 70)
    assert [one["path"] for one in finding.details["changes"]] == ["size", "password"]
    assert house.hints.scans == {"shop"}
    await house.look()
    assert await house.findings() == ()


async def test_a_marked_secret_is_kept_nowhere(house: House) -> None:
    report = await submit_report(house.service, DRAFT, actor="ci")
    (finding,) = await house.findings()
    assert CANARY not in repr((report, finding))
    assert set(report.drift_details["changes"][1]["live"]) == {"digest"}
    for file in house.service.runs.parent.glob("trueup.db*"):
        assert CANARY.encode() not in file.read_bytes()


async def test_a_secret_that_nobody_marked_is_known_by_its_name(house: House) -> None:
    draft = replace(DRAFT, drift_details=UNMARKED)
    report = await submit_report(house.service, draft, actor="ci")
    (finding,) = await house.findings()
    assert CANARY not in repr((report, finding))
    assert finding.details["changes"][0]["sensitive"] is True


async def test_what_others_report_is_never_corrected_unasked(house: House) -> None:
    await house.put(AUTO)
    report = await submit_report(house.service, DRAFT, actor="ci")
    assert await house.remediations() == ()
    asked = await request(house.service, report.report_id, actor="bob")
    await house.settle()
    ended = await house.remediation(asked.id)
    assert ended.phase is Phase.CONVERGED
    assert house.world.effects == []


async def test_known_drift_is_not_reported_into_a_second_finding(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.look()
    before = await house.findings()
    await submit_report(house.service, DRAFT, actor="ci")
    assert await house.findings() == before


async def test_a_report_about_a_stack_we_do_not_watch_is_only_kept(house: House) -> None:
    report = await submit_report(
        house.service, replace(DRAFT, resource_id="other/thing.a"), actor="ci"
    )
    page = await house.read(lambda view: view.reports.page(resource_id="other/thing.a"))
    assert page.items == (report,)
    assert "drift.detected" not in await house.events()


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource_id": "nostack"},
        {"resource_id": "/thing.a"},
        {"resource_id": "shop/"},
        {"resource_id": "shop/" + "x" * 2000},
        {"kind": Kind.UNREADABLE},
        {"drift_hash": "x" * 201},
        {"template_id": TemplateId("none")},
        {"timestamp": datetime(2026, 5, 1)},  # noqa: DTZ001
        {"timestamp": "ahead"},
        {"drift_details": nested(33)},
        {"drift_details": {"a": "x" * (1 << 20)}},
        {"drift_details": {"a": object()}},
    ],
)
async def test_a_report_that_makes_no_sense_is_refused(house: House, wrong: dict[str, Any]) -> None:
    if wrong.get("timestamp") == "ahead":
        wrong = {"timestamp": house.clock.now() + timedelta(minutes=6)}
    with pytest.raises(InvalidError):
        await submit_report(house.service, replace(DRAFT, **wrong), actor="ci")
    assert await house.findings() == ()


async def test_details_may_be_nested_as_deep_as_is_said(house: House) -> None:
    draft = replace(DRAFT, drift_details=nested(32))
    assert (await submit_report(house.service, draft, actor="ci")).drift_hash
