"""Who may come in, what was answered already, and the kill switch."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from reconciler.storage.columns import Moment, PlainText
from reconciler.storage.tables.row import Row


class TokenRow(Row, table=True):
    """A bearer token, without its secret."""

    __tablename__ = "tokens"

    token_id: str = Field(sa_type=PlainText, primary_key=True)
    name: str = Field(sa_type=PlainText)
    role: str = Field(sa_type=PlainText)
    secret_sha256: str = Field(sa_type=PlainText)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    last_used_at: datetime | None = Field(default=None, sa_type=Moment)
    person: str | None = Field(default=None, sa_type=PlainText)


class ReplayRow(Row, table=True):
    """The first answer to a mutation that carried an `Idempotency-Key`."""

    __tablename__ = "replays"
    __table_args__ = (Index("ix_replays_created", "created_at"),)

    key: str = Field(sa_type=PlainText, primary_key=True)
    token_id: str = Field(sa_type=PlainText, primary_key=True)
    request_sha256: str = Field(sa_type=PlainText)
    status: int
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
    content_type: str = Field(sa_type=PlainText)


class HoldRow(Row, table=True):
    """What is on hold: everything where `scope` is empty, one stack or one resource."""

    __tablename__ = "holds"

    scope: str = Field(sa_type=PlainText, primary_key=True)
    unasked: bool = Field(primary_key=True)
    by: str = Field(sa_type=PlainText)
    reason: str = Field(sa_type=PlainText)
    since: datetime = Field(sa_type=Moment)
    until: datetime | None = Field(default=None, sa_type=Moment)
    stack: str | None = Field(default=None, sa_type=PlainText)
    address: str | None = Field(default=None, sa_type=PlainText)
