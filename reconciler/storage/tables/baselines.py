"""What each object is held against, and the moves of it that people made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from reconciler.storage.columns import JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row


class BaselineRow(Row, table=True):
    """The values of one object that count as right: compressed, secrets as digests."""

    __tablename__ = "baselines"

    stack: str = Field(sa_type=PlainText, primary_key=True)
    key: str = Field(sa_type=PlainText, primary_key=True)
    identity: str = Field(sa_type=PlainText)
    mark: str = Field(sa_type=PlainText)
    content: bytes = Field(sa_type=LargeBinary)
    kept_at: datetime = Field(sa_type=Moment)
    configured: str = Field(sa_type=PlainText)
    accepted_by: str | None = Field(default=None, sa_type=PlainText)
    reason: str | None = Field(default=None, sa_type=PlainText)
    moves: Any = Field(sa_type=JsonText)


class AcceptanceRow(Row, table=True):
    """One live value that a person accepted, with the baseline before and after."""

    __tablename__ = "acceptances"
    __table_args__ = (
        Index("ix_acceptances_finding", "finding_id", "accepted_at", "id"),
        Index("ix_acceptances_stack", "stack", "key", "accepted_at"),
    )

    id: str = Field(sa_type=PlainText, primary_key=True)
    stack: str = Field(sa_type=PlainText)
    key: str = Field(sa_type=PlainText)
    finding_id: str = Field(sa_type=PlainText)
    fingerprint: str = Field(sa_type=PlainText)
    before: bytes | None = Field(default=None, sa_type=LargeBinary)
    after: bytes = Field(sa_type=LargeBinary)
    accepted_by: str = Field(sa_type=PlainText)
    reason: str = Field(sa_type=PlainText)
    accepted_at: datetime = Field(sa_type=Moment)
    undone_by: str | None = Field(default=None, sa_type=PlainText)
    undone_at: datetime | None = Field(default=None, sa_type=Moment)
