"""What was done about it: remediations and their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, text
from sqlmodel import Field

from reconciler.storage.columns import JsonObjectText, JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row

_IN_EFFECT: Final = text("state IN ('applying', 'verifying', 'unknown')")


class RemediationRow(Row, table=True):
    """A remediation; `open` repeats what its state says, for indices."""

    __tablename__ = "remediations"
    __table_args__ = (
        Index(
            "uq_remediations_in_effect",
            "stack",
            unique=True,
            sqlite_where=_IN_EFFECT,
            postgresql_where=_IN_EFFECT,
        ),
        Index("ix_remediations_page", "created_at", "id"),
        Index("ix_remediations_state", "state", "created_at", "id"),
        Index("ix_remediations_stack", "stack", "created_at", "id"),
        Index("ix_remediations_open", "open", "created_at", "id"),
        Index("ix_remediations_due", "open", "next_at"),
        Index(
            "ix_remediations_policy",
            *("policy_id", "state", "updated_at", "stack", "created_at", "run_id"),
        ),
    )

    id: str = Field(sa_type=PlainText, primary_key=True)
    stack: str = Field(sa_type=PlainText)
    report_id: str = Field(sa_type=PlainText)
    finding_ids: Any = Field(sa_type=JsonText)
    addresses: Any = Field(sa_type=JsonText)
    fingerprints: Any = Field(sa_type=JsonText)
    action_type: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    open: bool
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    version: int
    policy_id: str | None = Field(default=None, sa_type=PlainText)
    requested_by: str = Field(sa_type=PlainText)
    hold_reason: str | None = Field(default=None, sa_type=PlainText)
    hold_until: datetime | None = Field(default=None, sa_type=Moment)
    plan: Any | None = Field(default=None, sa_type=JsonObjectText, nullable=True)
    plan_digest: str | None = Field(default=None, sa_type=PlainText)
    approvals: Any = Field(sa_type=JsonText)
    run_id: str | None = Field(default=None, sa_type=PlainText)
    attempts: int
    next_at: datetime | None = Field(default=None, sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    note: str | None = Field(default=None, sa_type=PlainText)
    guard: str | None = Field(default=None, sa_type=PlainText)
    isolation_group: str | None = Field(default=None, sa_type=PlainText)
    evaluations: Any | None = Field(default=None, sa_type=JsonText, nullable=True)
    change_digest: str | None = Field(default=None, sa_type=PlainText)
    voided: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class RemediationFindingRow(Row, table=True):
    """Which findings a remediation is about; each is in at most one open one."""

    __tablename__ = "remediation_findings"
    __table_args__ = (
        Index(
            "uq_remediation_findings_open",
            "finding_id",
            unique=True,
            sqlite_where=text("open"),
            postgresql_where=text("open"),
        ),
        Index("ix_remediation_findings_finding", "finding_id", "open"),
    )

    remediation_id: str = Field(
        sa_type=PlainText,
        primary_key=True,
        sa_column_args=(ForeignKey("remediations.id", ondelete="CASCADE"),),
    )
    finding_id: str = Field(sa_type=PlainText, primary_key=True)
    open: bool


class RunRow(Row, table=True):
    """One attempt to change the world."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_page", "started_at", "id"),
        Index("ix_runs_stack", "stack", "started_at", "id"),
        Index("ix_runs_remediation", "remediation_id", "started_at", "id"),
        Index("ix_runs_state", "state", "started_at", "id"),
        Index("ix_runs_unasked", "unasked", "started_at"),
    )

    id: str = Field(sa_type=PlainText, primary_key=True)
    remediation_id: str = Field(sa_type=PlainText)
    stack: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    plan_digest: str = Field(sa_type=PlainText)
    folder: str = Field(sa_type=PlainText)
    started_at: datetime = Field(sa_type=Moment)
    argv_digest: str = Field(sa_type=PlainText)
    boot_id: str = Field(sa_type=PlainText)
    pid: int | None = None
    pid_started: float | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    exit_code: int | None = None
    summary: str | None = Field(default=None, sa_type=PlainText)
    progress: Any = Field(sa_type=JsonText)
    unasked: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
