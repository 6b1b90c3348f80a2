"""What only grows: the audit and the live stream."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field

from reconciler.storage.columns import JsonObjectText, JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row

_NUMBERED: Final = BigInteger().with_variant(Integer(), "sqlite")
_NEVER_TWICE: Final = {"sqlite_autoincrement": True}


class AuditRow(Row, table=True):
    """Who did what to what; triggers keep it append-only."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject", "seq"), _NEVER_TWICE)

    seq: int | None = Field(default=None, sa_type=_NUMBERED, primary_key=True)
    at: datetime = Field(sa_type=Moment)
    actor: str = Field(sa_type=PlainText)
    actor_kind: str | None = Field(default=None, sa_type=PlainText)
    action: str = Field(sa_type=PlainText)
    subject: str = Field(sa_type=PlainText)
    details: Any = Field(sa_type=JsonObjectText)
    digest: str = Field(default="", sa_type=PlainText, sa_column_kwargs={"server_default": ""})


class AuditHorizonRow(Row, table=True):
    """Audit rows older than `before` were let go with time; only those may be deleted.

    `seq` and `digest` are those of the last one, which the oldest that is left follows.
    """

    __tablename__ = "audit_horizon"

    id: int = Field(primary_key=True)
    before: datetime = Field(sa_type=Moment)
    seq: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    digest: str = Field(default="", sa_type=PlainText, sa_column_kwargs={"server_default": ""})


class EventRow(Row, table=True):
    """One line of the live stream."""

    __tablename__ = "events"
    __table_args__ = (_NEVER_TWICE,)

    seq: int | None = Field(default=None, sa_type=_NUMBERED, primary_key=True)
    at: datetime = Field(sa_type=Moment)
    type: str = Field(sa_type=PlainText)
    subject: str = Field(sa_type=PlainText)
    body: Any = Field(sa_type=JsonText)
