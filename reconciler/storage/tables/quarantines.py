"""What is isolated, and what undoes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from reconciler.storage.columns import JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row


class QuarantineRow(Row, table=True):
    """A quarantine; its `id` is that of the remediation which detaches its edges."""

    __tablename__ = "quarantines"
    __table_args__ = (
        Index("ix_quarantines_state", "state", "stack"),
        Index("ix_quarantines_page", "since", "id"),
    )

    id: str = Field(sa_type=PlainText, primary_key=True)
    stack: str = Field(sa_type=PlainText)
    finding_ids: Any = Field(sa_type=JsonText)
    edges: Any = Field(sa_type=JsonText)
    undo: Any = Field(sa_type=JsonText)
    state: str = Field(sa_type=PlainText)
    since: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    group: str = Field(sa_type=PlainText)
    release: str | None = Field(default=None, sa_type=PlainText)
    released_by: str | None = Field(default=None, sa_type=PlainText)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    reconnected_at: datetime | None = Field(default=None, sa_type=Moment)
    note: str | None = Field(default=None, sa_type=PlainText)
    script: Any | None = Field(default=None, sa_type=JsonText, nullable=True)
