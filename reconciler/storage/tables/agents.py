"""Agents of hosts, what they reported last, and what their hosts are declared to be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, false
from sqlmodel import Field

from reconciler.storage.columns import JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row


class AgentRow(Row, table=True):
    """An agent; its key is kept nowhere."""

    __tablename__ = "agents"
    __table_args__ = (Index("ix_agents_host", "host", "agent_id"),)

    agent_id: str = Field(sa_type=PlainText, primary_key=True)
    host: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    incarnation: str = Field(sa_type=PlainText)
    enrolled_at: datetime = Field(sa_type=Moment)
    every_s: int
    key_serial: int
    former_incarnation: str | None = Field(default=None, sa_type=PlainText)
    seq: int = Field(sa_type=BigInteger)
    message_sha256: str = Field(sa_type=PlainText)
    root: str = Field(sa_type=PlainText)
    epoch: str = Field(sa_type=PlainText)
    last_seen_at: datetime | None = Field(default=None, sa_type=Moment)
    captured_at: datetime | None = Field(default=None, sa_type=Moment)
    clock_offset_s: int = Field(sa_type=BigInteger)
    gaps: int = Field(sa_type=BigInteger)
    version: str = Field(sa_type=PlainText)
    system: str = Field(sa_type=PlainText)
    scope: str = Field(sa_type=PlainText, sa_column_kwargs={"server_default": ""})
    key_since: datetime | None = Field(default=None, sa_type=Moment)
    rotating: bool = Field(sa_column_kwargs={"server_default": false()})


class AgentSectionRow(Row, table=True):
    """One section of a host as it was reported last."""

    __tablename__ = "agent_sections"

    agent_id: str = Field(sa_type=PlainText, primary_key=True)
    name: str = Field(sa_type=PlainText, primary_key=True)
    status: str = Field(sa_type=PlainText)
    digest: str = Field(sa_type=PlainText)
    leaves: int
    body: bytes = Field(sa_type=LargeBinary)


class EnrollTokenRow(Row, table=True):
    """A token that makes one agent, without its secret."""

    __tablename__ = "enroll_tokens"

    token_id: str = Field(sa_type=PlainText, primary_key=True)
    secret_sha256: str = Field(sa_type=PlainText)
    host: str | None = Field(default=None, sa_type=PlainText)
    replaces: bool
    every_s: int
    created_by: str = Field(sa_type=PlainText)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    agent_id: str | None = Field(default=None, sa_type=PlainText)


class HostBaselineRow(Row, table=True):
    """What one resource of a stack declares a host to be."""

    __tablename__ = "host_baselines"
    __table_args__ = (
        Index("ix_host_baselines_host", "host", "resource_id"),
        Index("ix_host_baselines_stack", "stack", "resource_id"),
    )

    resource_id: str = Field(sa_type=PlainText, primary_key=True)
    host: str = Field(sa_type=PlainText)
    stack: str = Field(sa_type=PlainText)
    type: str = Field(sa_type=PlainText)
    claims: Any = Field(sa_type=JsonText)
    declared: Any = Field(sa_type=JsonText)
    groups: Any = Field(sa_type=JsonText, sa_column_kwargs={"server_default": "[]"})
    accepted: Any = Field(sa_type=JsonText, sa_column_kwargs={"server_default": "{}"})
