"""What a report on a span of time needs, without the values of any finding."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, join, or_
from sqlalchemy import select as select_columns
from sqlmodel import col

from reconciler.domain.events import STACK_SCANNED
from reconciler.domain.fleet_report import PastDrift, PastRemediation
from reconciler.domain.model import Severity
from reconciler.domain.records import FindingState
from reconciler.storage.rows import Rows
from reconciler.storage.tables.drift import FindingRow
from reconciler.storage.tables.journal import AuditRow, EventRow
from reconciler.storage.tables.remediations import RemediationFindingRow, RemediationRow

_OPEN = (FindingState.OPEN.value, FindingState.QUARANTINED.value)
"""What is set apart still drifts."""


def _in_span(since: datetime) -> ColumnElement[bool]:
    """Return which findings a report is about: what began, healed or was open since then."""
    return or_(
        col(FindingRow.first_seen) >= since,
        col(FindingRow.healed_at) >= since,
        col(FindingRow.state).in_(_OPEN),
    )


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
        found = self.rows.tuples(statement.where(_in_span(since)))
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
        """Return those made since then or of such findings, oldest first; `policy` is its id."""
        made_at = col(RemediationRow.created_at)
        statement = select_columns(
            col(RemediationRow.finding_ids),
            col(RemediationRow.policy_id),
            col(RemediationRow.state),
            col(RemediationRow.run_id),
            made_at,
        )
        about = join(
            RemediationFindingRow,
            FindingRow,
            col(FindingRow.id) == col(RemediationFindingRow.finding_id),
        )
        of_drift = select_columns(col(RemediationFindingRow.remediation_id)).select_from(about)
        wanted = or_(made_at >= since, col(RemediationRow.id).in_(of_drift.where(_in_span(since))))
        found = self.rows.tuples(statement.where(wanted).order_by(made_at, col(RemediationRow.id)))
        return tuple(
            PastRemediation(
                tuple(finding_ids),
                policy_id,
                None,
                state,
                is_earlier=made < since,
                applied=run_id is not None,
            )
            for finding_ids, policy_id, state, run_id, made in found
        )

    def deleted_policies(self) -> dict[str, str]:
        """Return the names of policies that were deleted, by id."""
        statement = select_columns(col(AuditRow.subject), col(AuditRow.details)).where(
            col(AuditRow.action) == "policy.deleted"
        )
        said = self.rows.tuples(statement.order_by(col(AuditRow.seq)))
        return {subject: str((details or {}).get("name", subject)) for subject, details in said}

    def assigned(self) -> dict[str, str]:
        """Return by finding who was named for it last."""
        statement = select_columns(col(AuditRow.subject), col(AuditRow.details)).where(
            col(AuditRow.action) == "finding.assign"
        )
        said = self.rows.tuples(statement.order_by(col(AuditRow.seq)))
        return {subject: str((details or {}).get("text")) for subject, details in said}
