"""What a scan means to the store: rows of findings, their reports, and the news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from reconciler.domain.coverage import resource_id
from reconciler.domain.details import severity_reason_of
from reconciler.domain.events import DriftSeen
from reconciler.domain.lifecycle import Changed, Fold, refreshed
from reconciler.domain.model import Finding, ResourceAddress, StackName
from reconciler.domain.records import (
    DriftReport,
    FindingId,
    FindingRecord,
    FindingState,
    Json,
    ReportId,
    TemplateId,
)
from reconciler.domain.score import score
from reconciler.engine.journal import emit, new_id
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.scan import finding_object

_ONE_BY_ONE: Final = 50
"""Beyond so many it is cheaper to read all templates of the stack at once."""


@dataclass(slots=True)
class _Written:
    """What one transaction is going to write."""

    findings: list[FindingRecord] = field(default_factory=list)
    reports: list[DriftReport] = field(default_factory=list)
    news: list[tuple[str, FindingRecord]] = field(default_factory=list)

    def add(self, event: str, record: FindingRecord, report: DriftReport) -> None:
        self.findings.append(record)
        self.reports.append(report)
        self.news.append((f"drift.{event}", record))


def keep(
    tx: Transaction, stack: StackName, folded: Fold, *, at: datetime
) -> tuple[FindingRecord, ...]:
    """Write what the scan at `at` said, and return the findings that it saw."""
    written = _Written()
    fresh = (*folded.opened, *(changed.now for changed in folded.changed))
    templates = _templates_of(tx, stack, [finding.address for finding in fresh])
    for finding in folded.opened:
        _open(stack, finding, templates.get(finding.address), written, at)
    for changed in folded.changed:
        _change(changed, templates.get(changed.now.address), written, at)
    news = list(written.findings)
    _heal(folded.healed, written, at)
    _write(tx, written, at)
    tx.findings.put_many(folded.rated)
    tx.findings.touch_many((record.id for record in folded.seen), seen_at=at)
    seen = (
        replace(record, last_seen=at, times_seen=record.times_seen + 1) for record in folded.seen
    )
    return (*news, *seen)


def heal(tx: Transaction, records: Sequence[FindingRecord], *, at: datetime) -> None:
    """Write that what `records` tell of is no more."""
    written = _Written()
    _heal(records, written, at)
    _write(tx, written, at)


def finding_body(record: FindingRecord) -> DriftSeen:
    """Return what the live stream tells of a finding."""
    reason = severity_reason_of(record.details)
    return mapping.shown(DriftSeen, record, severity_reason=reason)


def _open(
    stack: StackName,
    finding: Finding,
    template_id: TemplateId | None,
    written: _Written,
    at: datetime,
) -> None:
    details = finding_object(finding)
    record = FindingRecord(
        id=FindingId(new_id()),
        stack=stack,
        address=finding.address,
        type=finding.type,
        kind=finding.kind,
        severity=finding.severity,
        score=score(finding),
        origin=finding.origin,
        fingerprint=finding.fingerprint,
        state=FindingState.OPEN,
        first_seen=at,
        last_seen=at,
        times_seen=1,
        report_id=ReportId(new_id()),
        details=details,
        template_id=template_id,
        acted_on=False,
    )
    written.add("detected", record, _report(record, "detected", details, at))


def _change(
    changed: Changed, template_id: TemplateId | None, written: _Written, at: datetime
) -> None:
    details = finding_object(changed.now)
    record = refreshed(changed.known, changed.now, details=details, at=at)
    record = replace(
        record,
        report_id=ReportId(new_id()),
        template_id=template_id or record.template_id,
    )
    written.add("changed", record, _report(record, "changed", details, at))


def _heal(records: Iterable[FindingRecord], written: _Written, at: datetime) -> None:
    for known in records:
        record = replace(
            known, state=FindingState.HEALED, healed_at=at, report_id=ReportId(new_id())
        )
        details = {
            "address": record.address,
            "type": record.type,
            "kind": record.kind.value,
            "severity": record.severity.word,
            "severity_reason": severity_reason_of(record.details),
            "healed": True,
        }
        written.add("healed", record, _report(record, "healed", details, at))


def _report(record: FindingRecord, event: str, details: Json, at: datetime) -> DriftReport:
    return DriftReport(
        report_id=record.report_id,
        resource_id=resource_id(record.stack, record.address),
        template_id=record.template_id,
        timestamp=at,
        drift_hash=record.fingerprint,
        drift_details=details,
        stack=record.stack,
        event=event,
        seen_by=record.seen_by,
    )


def _write(tx: Transaction, written: _Written, at: datetime) -> None:
    tx.reports.put_many(written.reports)
    tx.findings.put_many(written.findings)
    for event, record in written.news:
        emit(tx, event, record.id, finding_body(record), at=at)


def _templates_of(
    tx: Transaction, stack: StackName, addresses: Sequence[ResourceAddress]
) -> dict[ResourceAddress, TemplateId]:
    """Return the derived templates of `addresses`, as far as there are any."""
    ids = {address: resource_id(stack, address) for address in addresses}
    if len(ids) > _ONE_BY_ONE:
        every = {
            template.resource_id: template.template_id for template in tx.templates.of_stack(stack)
        }
        return {address: every[name] for address, name in ids.items() if name in every}
    found = {address: tx.templates.of_resource(name) for address, name in ids.items()}
    return {
        address: template.template_id for address, template in found.items() if template is not None
    }
