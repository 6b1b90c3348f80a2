"""Drift that people decided to leave as it is, and how it comes back into sight."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import DRIFT_ACKNOWLEDGED, DRIFT_IGNORED
from reconciler.domain.ignoring import uncovered
from reconciler.domain.records import (
    DriftDecision,
    FindingId,
    FindingRecord,
    FindingState,
    RemediationId,
    ReportId,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import finding_body
from reconciler.engine.journal import audit, emit
from reconciler.engine.leaving_out import leave_out
from reconciler.engine.refusals import check_reason
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def unsuppress(service: Service, finding_id: FindingId, *, actor: str) -> FindingRecord:
    """Make a suppressed finding open again; the next scan asks the policies about it.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it is not suppressed (`not-suppressed`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> FindingRecord:
        known = _known(tx, finding_id)
        if known.state is not FindingState.IGNORED:
            raise ConflictError(
                f"finding {finding_id} is not suppressed: it is {known.state.value}",
                code="not-suppressed",
            )
        opened = _reopen(tx, known, at=at)
        audit(tx, "finding.unsuppressed", finding_id, at=at, actor=actor,
              details={"stack": known.stack, "address": known.address})  # fmt: skip
        scan_soon(tx, known.stack, at=at)
        return opened

    return await service.store.transact(work)


async def ignore(  # noqa: PLR0913 - what a person says of an ignoring, and of what
    service: Service,
    finding_id: FindingId,
    *,
    reason: str,
    actor: str,
    until: datetime | None = None,
    covers: Collection[str] = (),
    report_id: ReportId | None = None,
) -> FindingRecord:
    """Take the finding off the list until its drift changes or `until` has passed.

    With `report_id`, only where that is still the report of its drift. A remediation that had not
    begun ends; what else it was about goes on in one of its own.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it is not open (`not-open`), or it is missing or critical, and `covers`
            does not name that (`not-covered`), or its drift is of another report
            (`drift-changed`).
        InvalidError: `until` is over already.
    """
    at = service.clock.now()
    check_reason(reason)
    if until is not None and until <= at:
        raise InvalidError("a finding cannot be ignored until a time that is over")

    def work(tx: Transaction) -> FindingRecord:
        known = _known(tx, finding_id)
        _refuse_ignoring(known, covers)
        _refuse_other_drift(known, report_id)
        decision = DriftDecision(
            RemediationId(""), RemediationState.SUPPRESSED, actor, reason, until
        )
        ignored = replace(known, state=FindingState.IGNORED, acted_on=False, decision=decision)
        tx.findings.put_many([ignored])
        emit(tx, DRIFT_IGNORED, finding_id, finding_body(ignored), at=at)
        pending = tx.remediations.open_with(finding_id)
        if pending is not None:
            leave_out(tx, pending, {finding_id}, at=at, actor=actor, why=f"ignored by {actor}")
        details = {"stack": known.stack, "address": known.address, "reason": reason,
                   "until": until and until.isoformat()}  # fmt: skip
        audit(tx, "finding.ignored", finding_id, at=at, actor=actor, details=details)
        return ignored

    return await service.store.transact(work)


def _known(tx: Transaction, finding_id: FindingId) -> FindingRecord:
    known = tx.findings.get(finding_id)
    if known is None:
        raise NotFoundError(f"there is no finding {finding_id}")
    return known


def _refuse_ignoring(known: FindingRecord, covers: Collection[str]) -> None:
    if known.state is not FindingState.OPEN:
        raise ConflictError(
            f"finding {known.id} is not open: it is {known.state.value}", code="not-open"
        )
    lacking = uncovered(known, covers)
    if lacking:
        options = " ".join(f"--covers {word}" for word in lacking)
        raise ConflictError(
            f"finding {known.id} is {' and '.join(lacking)}, which is ignored only where that is"
            " named",
            code="not-covered",
            remedy=f"name it: trueup ignore {known.id[:8]} {options} --reason WHY",
        )


def _refuse_other_drift(known: FindingRecord, report_id: ReportId | None) -> None:
    if report_id is not None and known.report_id != report_id:
        raise ConflictError(
            f"the drift of finding {known.id} has changed",
            code="drift-changed",
            remedy=f"look at it again: trueup show {known.id[:8]}",
        )


async def note(
    service: Service, finding_id: FindingId, *, kind: str, text: str | None, actor: str
) -> FindingRecord:
    """Keep in the audit what `actor` says of the finding; `ack` is told to channels as well.

    Raises:
        NotFoundError: no such id exists.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> FindingRecord:
        known = _known(tx, finding_id)
        details = {"stack": known.stack, "address": known.address, "text": text}
        audit(tx, f"finding.{kind}", finding_id, at=at, actor=actor, details=details)
        if kind == "ack":
            emit(tx, DRIFT_ACKNOWLEDGED, finding_id, finding_body(known), at=at)
        return known

    return await service.store.transact(work)


def reopen_ended(
    tx: Transaction, records: Iterable[FindingRecord], *, at: datetime
) -> tuple[FindingRecord, ...]:
    """Return `records`, those open again whose suppression has ended by `at`."""
    return tuple(
        _reopen(tx, record, at=at) if _has_ended(record, at=at) else record for record in records
    )


def _has_ended(record: FindingRecord, *, at: datetime) -> bool:
    if record.state is not FindingState.IGNORED or record.decision is None:
        return False
    until = record.decision.until
    return until is not None and until <= at


def _reopen(tx: Transaction, known: FindingRecord, *, at: datetime) -> FindingRecord:
    opened = replace(known, state=FindingState.OPEN, decision=None)
    tx.findings.put_many([opened])
    emit(tx, "drift.reopened", opened.id, finding_body(opened), at=at)
    return opened
