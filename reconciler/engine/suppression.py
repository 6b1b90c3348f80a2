"""Drift that people decided to leave as it is, and how it comes back into sight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.domain.errors import ConflictError, NotFoundError
from reconciler.domain.records import FindingId, FindingRecord, FindingState
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import finding_body
from reconciler.engine.journal import audit, emit
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
        known = tx.findings.get(finding_id)
        if known is None:
            raise NotFoundError(f"there is no finding {finding_id}")
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
