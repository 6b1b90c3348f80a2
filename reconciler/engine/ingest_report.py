"""Drift that another source reports: kept as it came, and looked at by a scan soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.errors import InvalidError
from reconciler.domain.events import DRIFT_DETECTED
from reconciler.domain.lifecycle import Changed, Fold, finding_of
from reconciler.domain.model import Fingerprint
from reconciler.domain.records import (
    DriftReport,
    FindingId,
    FindingRecord,
    FindingState,
    Json,
    ReportId,
)
from reconciler.domain.score import BASE
from reconciler.domain.sources import Source, is_of_agent
from reconciler.engine.due import advance_soon, scan_soon
from reconciler.engine.findings import finding_body
from reconciler.engine.journal import audit, emit, new_id
from reconciler.engine.opening import end_overtaken
from reconciler.engine.report_check import ReportDraft, Sighting, checked, finding_details
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_LATE: Final = "late"


async def submit_report(
    service: Service, draft: ReportDraft, *, source: Source, actor: str
) -> DriftReport:
    """Keep the report; of a registered stack's resource it opens, changes or heals a finding.

    Only the finding of `source` is touched: one that a scan or somebody else opened at the same
    address stays as it is. A report older than the newest of its source about the resource is
    kept as `late` and changes nothing. What is reported is never corrected unasked; the stack
    is scanned soon, and a scan opens its own finding.

    Raises:
        InvalidError: it names no resource or template, lies in the future, or is too large.
    """
    now = service.clock.now()
    seen = checked(draft, now=now, key=service.judging.key)

    return await service.store.transact(
        lambda tx: keep_report(tx, draft, seen, source, at=now, actor=actor)
    )


def keep_report(
    tx: Transaction,
    draft: ReportDraft,
    seen: Sighting,
    source: Source,
    *,
    at: datetime,
    actor: str,
) -> DriftReport:
    """Do inside a transaction what `submit_report` does with a report that was checked.

    Raises:
        InvalidError: there is no template of its id.
    """
    report = _report(tx, draft, seen, source)
    tx.reports.put_many([report])
    if report.event != _LATE and tx.stacks.get(seen.stack) is not None:
        _apply(tx, draft, seen, report, at=at)
        scan_soon(tx, seen.stack, at=at)
    details = {
        "report_id": report.report_id,
        "drift_hash": report.drift_hash,
        "event": report.event,
        "seen_by": source,
    }
    audit(tx, "drift.reported", report.resource_id, at=at, actor=actor, details=details)
    return report


def _report(tx: Transaction, draft: ReportDraft, seen: Sighting, source: Source) -> DriftReport:
    own = tx.templates.of_resource(draft.resource_id)
    if draft.template_id is not None and tx.templates.get(draft.template_id) is None:
        raise InvalidError(f"there is no template {draft.template_id}")
    return DriftReport(
        report_id=ReportId(new_id()),
        resource_id=draft.resource_id,
        template_id=draft.template_id or (own.template_id if own else None),
        timestamp=seen.at,
        drift_hash=seen.hash,
        drift_details={**_told(draft, source), **seen.details},
        stack=seen.stack,
        event=_event(tx, draft, seen, source),
        seen_by=source,
    )


def _told(draft: ReportDraft, source: Source) -> Json:
    """Return what policies ask about what an agent saw, so that they can be tried on it later.

    What others report stays as they sent it.
    """
    if not is_of_agent(source) or draft.healed:
        return {}
    return {
        "type": draft.type,
        "kind": draft.kind.value,
        "severity": draft.severity.word,
        "host_groups": list(draft.host_groups),
    }


def _event(tx: Transaction, draft: ReportDraft, seen: Sighting, source: Source) -> str:
    # Only times that the source itself gave are compared: ours may have been set back since.
    if draft.timestamp is not None:
        newest = tx.reports.newest(draft.resource_id, seen_by=source)
        if newest is not None and seen.at < newest.timestamp:
            return _LATE
    return "healed" if draft.healed else "reported"


def _apply(
    tx: Transaction, draft: ReportDraft, seen: Sighting, report: DriftReport, *, at: datetime
) -> None:
    """Make the finding of this source say what the report says."""
    known = tx.findings.unhealed_by(report.seen_by, seen.stack, seen.address)
    if draft.healed:
        if known is not None:
            _heal(tx, known, report, at=at)
    elif known is None:
        _open(tx, draft, seen, report)
    elif says_the_same(known, draft, seen):
        tx.findings.touch_many([known.id], seen_at=seen.at)
    else:
        _change(tx, known, _seen_anew(known, draft, seen, report), at=at)


def says_the_same(known: FindingRecord, draft: ReportDraft, seen: Sighting) -> bool:
    """Return whether a finding says already what was reported."""
    reported = (Fingerprint(seen.hash), draft.kind, draft.severity)
    same_groups = tuple(known.details.get("host_groups", ())) == draft.host_groups
    return same_groups and (known.fingerprint, known.kind, known.severity) == reported


def _heal(tx: Transaction, known: FindingRecord, report: DriftReport, *, at: datetime) -> None:
    record = replace(
        known,
        state=FindingState.HEALED,
        healed_at=report.timestamp,
        report_id=report.report_id,
    )
    tx.findings.put_many([record])
    emit(tx, "drift.healed", record.id, finding_body(record), at=at)
    if (waiting := tx.remediations.open_with(record.id)) is not None:
        advance_soon(tx, [waiting.id], due=at)
    end_overtaken(tx, record.stack, Fold(healed=(record,)), at=at)


def _change(tx: Transaction, known: FindingRecord, record: FindingRecord, *, at: datetime) -> None:
    tx.findings.put_many([record])
    emit(tx, "drift.changed", record.id, finding_body(record), at=at)
    changed = Changed(known, finding_of(record))
    end_overtaken(tx, record.stack, Fold(changed=(changed,)), at=at)


def _seen_anew(
    known: FindingRecord, draft: ReportDraft, seen: Sighting, report: DriftReport
) -> FindingRecord:
    return replace(
        known,
        type=draft.type or known.type,
        kind=draft.kind,
        severity=draft.severity,
        score=BASE[draft.severity],
        fingerprint=Fingerprint(seen.hash),
        state=FindingState.OPEN,
        last_seen=seen.at,
        times_seen=known.times_seen + 1,
        report_id=report.report_id,
        template_id=report.template_id or known.template_id,
        details=finding_details(draft, seen),
        decision=None,
    )


def _open(tx: Transaction, draft: ReportDraft, seen: Sighting, report: DriftReport) -> None:
    record = FindingRecord(
        id=FindingId(new_id()),
        stack=seen.stack,
        address=seen.address,
        type=draft.type or seen.address.split("[", maxsplit=1)[0].split(".")[-2:][0],
        kind=draft.kind,
        severity=draft.severity,
        score=BASE[draft.severity],
        origin=None,
        fingerprint=Fingerprint(seen.hash),
        state=FindingState.OPEN,
        first_seen=seen.at,
        last_seen=seen.at,
        times_seen=1,
        report_id=report.report_id,
        details=finding_details(draft, seen),
        template_id=report.template_id,
        acted_on=False,
        seen_by=report.seen_by,
    )
    tx.findings.put_many([record])
    emit(tx, DRIFT_DETECTED, record.id, finding_body(record), at=seen.at)
