"""What a report on a span of time needs, without the values of any finding."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlalchemy import select as select_columns
from sqlmodel import col

from reconciler.domain.events import STACK_SCANNED
from reconciler.domain.fleet_report import PastDrift, PastRemediation
from reconciler.domain.model import Severity
from reconciler.domain.records import FindingState
from reconciler.storage.rows import Rows
from reconciler.storage.tables.drift import FindingRow
from reconciler.storage.tables.journal import AuditRow, EventRow
from reconciler.storage.tables.remediations import RemediationRow

_OPEN = (FindingState.OPEN.value, FindingState.QUARANTINED.value)
"""What is set apart still drifts."""


@dataclass(frozen=True, slots=True)
class SqlHistory:
    """`stores.History` on tables."""

    rows: Rows

    def drifts(self, since: datetime) -> tuple[PastDrift, ...]:
        """Return the findings that began, healed or were open since then."""
        statement = select_columns(
            col(FindingRow.id),
            col(FindingRow.stack),
            col(FindingRow.type),
            col(FindingRow.severity),
            col(FindingRow.first_seen),
            col(FindingRow.healed_at),
            col(FindingRow.state),
        )
        wanted = or_(
            col(FindingRow.first_seen) >= since,
            col(FindingRow.healed_at) >= since,
            col(FindingRow.state).in_(_OPEN),
        )
        found = self.rows.tuples(statement.where(wanted))
        return tuple(
            PastDrift(name, stack, kind, Severity(severity), first, healed, state in _OPEN)
            for name, stack, kind, severity, first, healed, state in found
        )

    def scans(self, since: datetime) -> dict[str, list[datetime]]:
        """Return when scans of each stack ended since then, in order."""
        wanted = (col(EventRow.type) == STACK_SCANNED, col(EventRow.at) >= since)
        statement = select_columns(col(EventRow.subject), col(EventRow.at)).where(*wanted)
        scans: defaultdict[str, list[datetime]] = defaultdict(list)
        for stack, at in self.rows.tuples(statement.order_by(col(EventRow.at))):
            scans[stack].append(at)
        return scans

    def remediations(self, since: datetime) -> tuple[PastRemediation, ...]:
        """Return those made since then; `policy` is its id."""
        statement = select_columns(
            col(RemediationRow.finding_ids),
            col(RemediationRow.policy_id),
            col(RemediationRow.state),
        ).where(col(RemediationRow.created_at) >= since)
        return tuple(
            PastRemediation(tuple(finding_ids), policy_id, None, state)
            for finding_ids, policy_id, state in self.rows.tuples(statement)
        )

    def assigned(self) -> dict[str, str]:
        """Return by finding who was named for it last."""
        statement = select_columns(col(AuditRow.subject), col(AuditRow.details)).where(
            col(AuditRow.action) == "finding.assign"
        )
        said = self.rows.tuples(statement.order_by(col(AuditRow.seq)))
        return {subject: str((details or {}).get("text")) for subject, details in said}
