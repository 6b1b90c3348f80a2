"""Alerts, what they are about, and what each channel shows of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from reconciler.storage.columns import JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row


class AlertRow(Row, table=True):
    """One cause while it lasts."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_cause", "cause", "state"),)

    id: str = Field(sa_type=PlainText, primary_key=True)
    cause: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    revision: int
    severity: int
    opened_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    events: Any = Field(sa_type=JsonText)
    resolved_at: datetime | None = Field(default=None, sa_type=Moment)
    muted_at: datetime | None = Field(default=None, sa_type=Moment)
    muted_by: str | None = Field(default=None, sa_type=PlainText)
    mute_reason: str | None = Field(default=None, sa_type=PlainText)


class AlertMemberRow(Row, table=True):
    """A finding or a stack, and the alert that it belongs to now."""

    __tablename__ = "alert_members"
    __table_args__ = (Index("ix_alert_members_alert", "alert_id", "open"),)

    subject: str = Field(sa_type=PlainText, primary_key=True)
    alert_id: str = Field(sa_type=PlainText)
    open: bool


class DeliveryRow(Row, table=True):
    """What a channel shows of an alert; no secret is in it.

    Of addresses it has the host in `error`, and of recipients of mail a digest and a masked name.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_alert", "alert_id"),
        Index("ix_deliveries_due", "given_up", "next_at"),
    )

    channel: str = Field(sa_type=PlainText, primary_key=True)
    alert_id: str = Field(sa_type=PlainText, primary_key=True)
    next_at: datetime = Field(sa_type=Moment)
    sent_revision: int
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    receipt: Any = Field(sa_type=JsonText)
    attempts: int
    failing_since: datetime | None = Field(default=None, sa_type=Moment)
    error: str | None = Field(default=None, sa_type=PlainText)
    given_up: bool


class AlertCursorRow(Row, table=True):
    """The last event that was turned into alerts."""

    __tablename__ = "alert_cursor"

    id: int = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
