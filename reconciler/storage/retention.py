"""What is forgotten with time. What is open stays, and what it refers to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Delete, func
from sqlmodel import col, delete, or_, select

from reconciler.domain.records import FindingState, RunState
from reconciler.storage.rows import Rows
from reconciler.storage.tables.access import ReplayRow
from reconciler.storage.tables.alerts import AlertMemberRow, AlertRow, DeliveryRow
from reconciler.storage.tables.drift import FindingRow, ReportRow
from reconciler.storage.tables.journal import AuditHorizonRow, AuditRow, EventRow
from reconciler.storage.tables.quarantines import QuarantineRow
from reconciler.storage.tables.remediations import RemediationRow, RunRow
from reconciler.stores.journal import DRIFT_KEPT

REMEDIATIONS_KEPT: Final = timedelta(days=400)
EVENTS_KEPT: Final = 100_000
REPLAYS_KEPT: Final = timedelta(hours=48)

_THE_HORIZON: Final = 1
_HEALED: Final = FindingState.HEALED.value


@dataclass(frozen=True, slots=True)
class SqlRetention:
    """`stores.Retention` on tables."""

    rows: Rows

    def prune(self, *, now: datetime) -> dict[str, int]:
        """Remove what is older than its time; return how many rows by kind."""
        let_go = self._move_horizon(now - REMEDIATIONS_KEPT)
        # In this order: a report stays as long as something that stays refers to it.
        statements = {
            "runs": _runs(now - REMEDIATIONS_KEPT),
            "remediations": _remediations(now - REMEDIATIONS_KEPT),
            "quarantines": delete(QuarantineRow).where(
                col(QuarantineRow.ended_at) < now - REMEDIATIONS_KEPT
            ),
            "audit": delete(AuditRow).where(col(AuditRow.seq) <= let_go),
            "findings": _findings(now - DRIFT_KEPT),
            "reports": _reports(now - DRIFT_KEPT),
            "alert_members": _of_alerts(AlertMemberRow, now - DRIFT_KEPT),
            "deliveries": _of_alerts(DeliveryRow, now - DRIFT_KEPT),
            "alerts": delete(AlertRow).where(col(AlertRow.resolved_at) < now - DRIFT_KEPT),
            "events": self._events(),
            "replays": delete(ReplayRow).where(col(ReplayRow.created_at) < now - REPLAYS_KEPT),
        }
        return {kind: self.rows.change(statement) for kind, statement in statements.items()}

    def _move_horizon(self, before: datetime) -> int:
        """Let go of older audit rows, up to the number returned: their trigger asks for this.

        They are the beginning of the audit, even where a clock was set back in between: a row
        that is missing from the middle would look like one that somebody removed.
        """
        stays = self.rows.scalar(select(func.min(AuditRow.seq)).where(col(AuditRow.at) >= before))
        older = select(AuditRow).order_by(col(AuditRow.seq).desc()).limit(1)
        last = self.rows.one(older if stays is None else older.where(col(AuditRow.seq) < stays))
        known = self.rows.one(select(AuditHorizonRow))
        if known is None or known.before < before:
            seq = last.seq if last else known.seq if known else 0
            digest = last.digest if last else known.digest if known else ""
            row = {"id": _THE_HORIZON, "before": before, "seq": seq, "digest": digest}
            self.rows.put(AuditHorizonRow, [row])
        return (last.seq or 0) if last else 0

    def _events(self) -> Delete:
        newest = self.rows.scalar(select(func.max(EventRow.seq))) or 0
        return delete(EventRow).where(col(EventRow.seq) <= newest - EVENTS_KEPT)


def _of_alerts(table: type[AlertMemberRow | DeliveryRow], before: datetime) -> Delete:
    over = select(AlertRow.id).where(col(AlertRow.resolved_at) < before)
    return delete(table).where(col(table.alert_id).in_(over))


def _runs(before: datetime) -> Delete:
    still_open = select(RemediationRow.id).where(col(RemediationRow.open).is_(other=True))
    return delete(RunRow).where(
        col(RunRow.state) != RunState.STARTED.value,
        func.coalesce(col(RunRow.ended_at), col(RunRow.started_at)) < before,
        col(RunRow.remediation_id).not_in(still_open),
    )


def _remediations(before: datetime) -> Delete:
    ended = col(RemediationRow.open).is_(other=False)
    unfinished = select(RunRow.remediation_id).where(col(RunRow.state) == RunState.STARTED.value)
    return delete(RemediationRow).where(
        ended,
        col(RemediationRow.updated_at) < before,
        col(RemediationRow.id).not_in(unfinished),
    )


def _findings(before: datetime) -> Delete:
    healed_at = func.coalesce(col(FindingRow.healed_at), col(FindingRow.last_seen))
    return delete(FindingRow).where(col(FindingRow.state) == _HEALED, healed_at < before)


def _reports(before: datetime) -> Delete:
    column = col(ReportRow.report_id)
    of_findings = select(FindingRow.report_id).where(col(FindingRow.state) != _HEALED)
    of_remediations = select(RemediationRow.report_id).where(
        or_(col(RemediationRow.open).is_(other=True))
    )
    return delete(ReportRow).where(
        col(ReportRow.timestamp) < before,
        column.not_in(of_findings),
        column.not_in(of_remediations),
    )
