"""Findings, records and reports for tests of what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.domain.model import (
    Change,
    Counts,
    Engine,
    Finding,
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    StackName,
    StackReport,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.records import FindingId, FindingRecord, FindingState, ReportId
from reconciler.domain.score import score
from reconciler.wire.scan import finding_object

AT = datetime(2026, 5, 1, 10, tzinfo=UTC)
SHOP = StackName("shop")
COUNTS = Counts(10, 10, 0, 0, 0, 0, 0, 0, outputs=0)


def change(path: str = "size", origin: Origin = Origin.OUT_OF_BAND) -> Change:
    return Change(AttributePath(path), 1, 1, 2, origin)


def finding(address: str = "thing.a", print_: str = "f1", **more: Any) -> Finding:
    one = Finding(
        address=ResourceAddress(address),
        type="thing",
        kind=Kind.CHANGED,
        severity=Severity.MEDIUM,
        origin=Origin.OUT_OF_BAND,
        requires_replace=False,
        fingerprint=Fingerprint(print_),
        source=None,
    )
    return replace(one, **more)


def record(address: str = "thing.a", print_: str = "f1", **more: Any) -> FindingRecord:
    seen = finding(address, print_)
    one = FindingRecord(
        id=FindingId(f"id-{address}"),
        stack=SHOP,
        address=seen.address,
        type=seen.type,
        kind=seen.kind,
        severity=seen.severity,
        score=score(seen),
        origin=seen.origin,
        fingerprint=seen.fingerprint,
        state=FindingState.OPEN,
        first_seen=AT,
        last_seen=AT,
        times_seen=1,
        report_id=ReportId("r"),
        details=finding_object(seen),
    )
    return replace(one, **more)


def report(
    *findings: Finding, unreadable: tuple[str, ...] = (), resources: int = 10, outputs: int = 0
) -> StackReport:
    return StackReport(
        stack=SHOP,
        tool="terraform",
        directory="/shop",
        obtained_by=Engine.PLUGIN,
        observed_at=AT,
        counts=replace(COUNTS, resources=resources, outputs=outputs),
        findings=findings,
        noise=(),
        unreadable=tuple((ResourceAddress(one), "denied") for one in unreadable),
        timing_ms={},
    )
