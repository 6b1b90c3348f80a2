"""What was seen: findings and drift reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, text
from sqlmodel import Field

from reconciler.storage.columns import JsonObjectText, JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row

UNHEALED: Final = "state <> 'healed' AND (origin IS NULL OR origin <> 'undeclared')"
_UNDECLARED: Final = "state <> 'healed' AND origin = 'undeclared'"
_FINDINGS_ORDER: Final = ("severity", "score", "first_seen", "id")


class FindingRow(Row, table=True):
    """One drift of one resource over time, as one source sees it.

    The page indices end with the columns that a list may be filtered by, so that a row is
    only fetched once it is known to be wanted.
    """

    __tablename__ = "findings"
    __table_args__ = (
        Index(
            "uq_findings_unhealed",
            *("stack", "address", "kind", "seen_by"),
            unique=True,
            sqlite_where=text(UNHEALED),
            postgresql_where=text(UNHEALED),
        ),
        # No plan acts on it, so it stands beside what a plan would act on.
        Index(
            "uq_findings_undeclared",
            *("stack", "address", "kind", "seen_by"),
            unique=True,
            sqlite_where=text(_UNDECLARED),
            postgresql_where=text(_UNDECLARED),
        ),
        Index("ix_findings_page", *_FINDINGS_ORDER, "state", "kind", "stack", "type", "address"),
        Index("ix_findings_state", "state", *_FINDINGS_ORDER, "kind", "stack", "type", "address"),
        Index("ix_findings_state_stack", "state", "stack", *_FINDINGS_ORDER),
        Index("ix_findings_stack", "stack", *_FINDINGS_ORDER),
    )

    id: str = Field(sa_type=PlainText, primary_key=True)
    stack: str = Field(sa_type=PlainText)
    address: str = Field(sa_type=PlainText)
    type: str = Field(sa_type=PlainText)
    kind: str = Field(sa_type=PlainText)
    severity: int
    score: int
    origin: str | None = Field(default=None, sa_type=PlainText)
    fingerprint: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    first_seen: datetime = Field(sa_type=Moment)
    last_seen: datetime = Field(sa_type=Moment)
    times_seen: int
    report_id: str = Field(sa_type=PlainText)
    seen_by: str = Field(sa_type=PlainText)
    template_id: str | None = Field(default=None, sa_type=PlainText)
    acted_on: bool
    healed_at: datetime | None = Field(default=None, sa_type=Moment)
    details: Any = Field(sa_type=JsonObjectText)
    decision: Any | None = Field(default=None, sa_type=JsonText, nullable=True)


class ReportRow(Row, table=True):
    """What was seen of one resource at one moment."""

    __tablename__ = "drift_reports"
    __table_args__ = (
        Index("ix_drift_reports_page", "timestamp", "report_id"),
        Index("ix_drift_reports_resource", "resource_id", "timestamp", "report_id"),
        Index("ix_drift_reports_template", "template_id", "timestamp", "report_id"),
    )

    report_id: str = Field(sa_type=PlainText, primary_key=True)
    resource_id: str = Field(sa_type=PlainText)
    template_id: str | None = Field(default=None, sa_type=PlainText)
    timestamp: datetime = Field(sa_type=Moment)
    drift_hash: str = Field(sa_type=PlainText)
    stack: str = Field(sa_type=PlainText)
    event: str = Field(sa_type=PlainText)
    seen_by: str = Field(sa_type=PlainText)
    drift_details: Any = Field(sa_type=JsonObjectText)
