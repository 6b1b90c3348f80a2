from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Kind, Severity
from reconciler.domain.records import DriftReport, TemplateId
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import Source
from reconciler.engine.ingest_report import submit_report
from reconciler.engine.planning import plan_stack
from reconciler.engine.report_check import ReportDraft
from reconciler.engine.requesting import request
from tests.unit.engine.house import AUTO, SHOP, A, House

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


async def reported(house: House, *, source: str = "report:ci", **more: Any) -> DriftReport:
    """Report as the token of that name would."""
    draft = replace(DRAFT, **more)
    return await submit_report(house.service, draft, source=Source(source), actor="ci")


async def sources(house: House) -> set[str]:
    """Return who has something open."""
    return {finding.seen_by for finding in await house.findings()}


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth - 1):
        inner = {"a": inner}
    return inner


async def test_what_others_report_is_kept_and_looked_at(house: House) -> None:
    await house.scan()
    report = await reported(house)
    assert (report.event, report.stack) == ("reported", "shop")
    assert await house.read(lambda view: view.reports.get(report.report_id)) == report
    (finding,) = await house.findings()
    assert (finding.address, finding.severity, finding.score) == (A, Severity.HIGH, 70)
    assert finding.details["severity_reason"] == "the source of the report says so"
    assert [detail["path"] for detail in finding.details["changes"]] == ["size", "password"]
    assert house.wake_ups.scans == {"shop"}
    assert finding.seen_by == report.seen_by == "report:ci"


async def test_who_caused_it_and_where_is_kept_where_a_report_says_so_in_texts(
    house: House,
) -> None:
    await house.scan()
    said = {"actor": "ana@example.com", "account": "42", "region": 7}
    await reported(house, drift_details={**DETAILS, **said})
    (finding,) = await house.findings()
    assert (finding.details["actor"], finding.details["account"]) == ("ana@example.com", "42")
    assert "region" not in finding.details


async def test_a_scan_leaves_open_what_another_source_reported(house: House) -> None:
    await reported(house)
    await house.scan()
    assert await sources(house) == {"report:ci"}


async def test_a_report_leaves_open_what_a_scan_sees(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    await reported(house, healed=True)
    assert await sources(house) == {"scan"}


async def test_a_source_heals_what_it_reported_and_nothing_else(house: House) -> None:
    await house.scan()
    await reported(house)
    await reported(house, source="report:audit")
    healed = await reported(house, healed=True, drift_details={})
    assert (healed.event, await sources(house)) == ("healed", {"report:audit"})
    assert (await house.events())[-1] == "drift.healed"
    again = await reported(house, healed=True)
    assert (again.event, await sources(house)) == ("healed", {"report:audit"})


async def test_the_same_report_again_is_the_same_finding_seen_once_more(house: House) -> None:
    await reported(house)
    house.clock.move(minutes=5)
    await reported(house)
    (finding,) = await house.findings()
    assert (finding.times_seen, finding.last_seen) == (2, house.clock.now())


async def test_another_drift_of_the_same_source_changes_its_finding(house: House) -> None:
    await reported(house)
    (before,) = await house.findings()
    await reported(house, drift_hash="other", severity=Severity.LOW)
    (after,) = await house.findings()
    assert (after.id, after.fingerprint, after.severity) == (before.id, "other", Severity.LOW)
    assert (await house.events())[-1] == "drift.changed"


async def test_a_report_that_comes_late_is_kept_and_changes_nothing(house: House) -> None:
    start = house.clock.now()
    house.clock.move(minutes=10)
    await reported(house, timestamp=start + timedelta(minutes=1))
    await reported(house, timestamp=start + timedelta(minutes=5), healed=True)
    late = await reported(house, timestamp=start + timedelta(minutes=2))
    assert (late.event, await house.findings()) == ("late", ())
    other = await reported(house, source="report:b", timestamp=start + timedelta(minutes=2))
    assert (other.event, await sources(house)) == ("reported", {"report:b"})


async def test_a_report_without_a_time_is_never_late(house: House) -> None:
    await reported(house)
    house.clock.move(minutes=-30)
    assert (await reported(house, healed=True)).event == "healed"
    assert await house.findings() == ()


async def test_a_request_by_a_report_takes_the_finding_of_the_scan(house: House) -> None:
    report = await reported(house)
    house.world.live[A] = {"size": 9}
    await house.scan()
    asked = await request(house.service, report.report_id, actor="bob")
    (scanned,) = [finding for finding in await house.findings() if finding.seen_by == "scan"]
    assert asked.finding_ids == (scanned.id,)


async def test_a_finding_that_heals_by_a_report_ends_its_remediation(house: House) -> None:
    await house.scan()
    report = await reported(house)
    asked = await request(house.service, report.report_id, actor="bob")
    await reported(house, healed=True)
    assert (await house.remediation(asked.id)).state is RemediationState.CONVERGED


async def test_the_plan_of_a_stack_leaves_out_what_others_report(house: House) -> None:
    await house.scan()
    await reported(house, resource_id="shop/thing.elsewhere")
    assert (await plan_stack(house.service, SHOP))["targets"] == []


async def test_a_marked_secret_is_kept_nowhere(house: House) -> None:
    report = await reported(house)
    (finding,) = await house.findings()
    assert CANARY not in repr((report, finding))
    assert set(report.drift_details["changes"][1]["live"]) == {"digest"}
    for file in house.service.runs.parent.glob("trueup.db*"):
        assert CANARY.encode() not in file.read_bytes()


async def test_a_secret_that_nobody_marked_is_known_by_its_name(house: House) -> None:
    report = await reported(house, drift_details=UNMARKED)
    (finding,) = await house.findings()
    assert CANARY not in repr((report, finding))
    assert finding.details["changes"][0]["sensitive"] is True


async def test_what_others_report_is_never_corrected_unasked(house: House) -> None:
    await house.put(AUTO)
    report = await reported(house)
    assert await house.remediations() == ()
    asked = await request(house.service, report.report_id, actor="bob")
    await house.settle()
    ended = await house.remediation(asked.id)
    assert ended.state is RemediationState.CONVERGED
    assert house.world.effects == []
    assert await sources(house) == {"report:ci"}


async def test_drift_that_a_scan_knows_is_a_second_finding_of_its_source(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (scanned,) = await house.findings()
    await reported(house)
    assert await sources(house) == {"scan", "report:ci"}
    assert scanned in await house.findings()


async def test_a_report_about_a_stack_we_do_not_watch_is_only_kept(house: House) -> None:
    report = await reported(house, resource_id="other/thing.a")
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
        await reported(house, **wrong)
    assert await house.findings() == ()


async def test_details_may_be_nested_as_deep_as_is_said(house: House) -> None:
    assert (await reported(house, drift_details=nested(32))).drift_hash
