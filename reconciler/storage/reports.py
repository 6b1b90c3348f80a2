"""Drift reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.model import StackName
from reconciler.domain.records import DriftReport, Page, ReportId, TemplateId
from reconciler.domain.sources import Source
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, Values, chunks
from reconciler.storage.tables.drift import ReportRow

_HEALED: Final = "healed"
LISTING: Final = Listing(
    "reports", (col(ReportRow.timestamp), col(ReportRow.report_id)), (datetime, str)
)


@dataclass(frozen=True, slots=True)
class SqlReports:
    """`stores.Reports` on tables."""

    rows: Rows

    def get(self, report_id: ReportId) -> DriftReport | None:
        """Return the report of that id."""
        return self.rows.first(
            select(ReportRow).where(col(ReportRow.report_id) == report_id), _report
        )

    def put_many(self, reports: Iterable[DriftReport]) -> None:
        """Write each; one that is there already stays as it is."""
        self.rows.put_new(ReportRow, [_values(report) for report in reports])

    def newest(self, resource_id: str, *, seen_by: Source) -> DriftReport | None:
        """Return the newest report of one resource by one source."""
        wanted = (
            col(ReportRow.resource_id) == resource_id,
            col(ReportRow.seen_by) == seen_by,
        )
        order = (col(ReportRow.timestamp).desc(), col(ReportRow.report_id).desc())
        return self.rows.first(select(ReportRow).where(*wanted).order_by(*order).limit(1), _report)

    def healed(
        self, resource_ids: Collection[str], *, since: datetime
    ) -> Mapping[str, tuple[datetime, ...]]:
        """Return when drift of each was seen to be gone, oldest first; without those never.

        Several findings that one look saw gone are one time.
        """
        found: dict[str, tuple[datetime, ...]] = {}
        for some in chunks(sorted(resource_ids)):
            rows = self.rows.tuples(
                select(ReportRow.resource_id, ReportRow.timestamp)
                .where(
                    col(ReportRow.resource_id).in_(some),
                    col(ReportRow.timestamp) >= since,
                    col(ReportRow.event) == _HEALED,
                )
                .distinct()
                .order_by(col(ReportRow.timestamp))
            )
            for resource_id, at in rows:
                found[resource_id] = (*found.get(resource_id, ()), at)
        return found

    def page(
        self,
        *,
        resource_id: str | None = None,
        template_id: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DriftReport]:
        """Return reports, newest first."""
        statement = page_statement(resource_id=resource_id, template_id=template_id, since=since)
        asked = Asked(cursor, limit)
        return LISTING.page(self.rows, statement, asked, value=_report, key=_key)


def page_statement(
    *,
    resource_id: str | None = None,
    template_id: str | None = None,
    since: datetime | None = None,
) -> SelectOfScalar[ReportRow]:
    """Return what a list of reports asks, without order and limit."""
    statement = select(ReportRow)
    if resource_id is not None:
        statement = statement.where(col(ReportRow.resource_id) == resource_id)
    if template_id is not None:
        statement = statement.where(col(ReportRow.template_id) == template_id)
    if since is not None:
        statement = statement.where(col(ReportRow.timestamp) >= since)
    return statement


def _key(row: ReportRow) -> Key:
    return row.timestamp, row.report_id


def _values(report: DriftReport) -> Values:
    return {
        "report_id": report.report_id,
        "resource_id": report.resource_id,
        "template_id": report.template_id,
        "timestamp": report.timestamp,
        "drift_hash": report.drift_hash,
        "stack": report.stack,
        "event": report.event,
        "seen_by": report.seen_by,
        "drift_details": report.drift_details,
    }


def _report(row: ReportRow) -> DriftReport:
    return DriftReport(
        report_id=ReportId(row.report_id),
        resource_id=row.resource_id,
        template_id=None if row.template_id is None else TemplateId(row.template_id),
        timestamp=row.timestamp,
        drift_hash=row.drift_hash,
        drift_details=row.drift_details,
        stack=StackName(row.stack),
        event=row.event,
        seen_by=Source(row.seen_by),
    )
