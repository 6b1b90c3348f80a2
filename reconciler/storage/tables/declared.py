"""What is declared: stacks, templates and their history, policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlmodel import Field

from reconciler.domain.policy import Policy
from reconciler.storage.columns import JsonObjectText, JsonText, Moment, PlainText
from reconciler.storage.tables.derived import DerivedTable
from reconciler.storage.tables.row import Row


class StackRow(Row, table=True):
    """A registered stack."""

    __tablename__ = "stacks"

    name: str = Field(sa_type=PlainText, primary_key=True)
    tool: str = Field(sa_type=PlainText)
    directory: str = Field(sa_type=PlainText)
    interval_s: float
    adaptive: bool
    source: str = Field(sa_type=PlainText)
    definition: Any = Field(sa_type=JsonText)
    health: str = Field(sa_type=PlainText)
    counts: Any | None = Field(default=None, sa_type=JsonText, nullable=True)
    revision: str | None = Field(default=None, sa_type=PlainText)
    obtained_by: str | None = Field(default=None, sa_type=PlainText)
    last_scan_at: datetime | None = Field(default=None, sa_type=Moment)
    last_scan_ms: float | None = None
    verified_at: datetime | None = Field(default=None, sa_type=Moment)
    error: str | None = Field(default=None, sa_type=PlainText)
    error_since: datetime | None = Field(default=None, sa_type=Moment)
    next_due_at: datetime | None = Field(default=None, sa_type=Moment)
    provider_doubts: Any | None = Field(default=None, sa_type=JsonText, nullable=True)
    serial: int | None = Field(default=None, sa_type=BigInteger)
    lineage: str = Field(default="", sa_type=PlainText, sa_column_kwargs={"server_default": ""})
    drifted_at: datetime | None = Field(default=None, sa_type=Moment)
    registered_at: datetime | None = Field(default=None, sa_type=Moment)


class TemplateRow(Row, table=True):
    """A template as it is now; `stack` is that of a derived one, and null of an uploaded one."""

    __tablename__ = "templates"
    __table_args__ = (
        Index("ix_templates_resource", "resource_id"),
        Index("ix_templates_stack", "stack", "template_id"),
        Index("ix_templates_type", "resource_type", "template_id"),
    )

    template_id: str = Field(sa_type=PlainText, primary_key=True)
    resource_type: str = Field(sa_type=PlainText)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    revision: int
    name: str = Field(sa_type=PlainText)
    source: str = Field(sa_type=PlainText)
    resource_id: str | None = Field(default=None, sa_type=PlainText)
    stack: str | None = Field(default=None, sa_type=PlainText)
    applies_to: Any = Field(sa_type=JsonText)
    baseline_hash: str | None = Field(default=None, sa_type=PlainText)
    template_definition: Any = Field(sa_type=JsonObjectText)


class TemplateRevisionRow(Row, table=True):
    """A template as it was at one revision."""

    __tablename__ = "template_revisions"

    template_id: str = Field(
        sa_type=PlainText,
        primary_key=True,
        sa_column_args=(ForeignKey("templates.template_id", ondelete="CASCADE"),),
    )
    revision: int = Field(primary_key=True)
    resource_type: str = Field(sa_type=PlainText)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    name: str = Field(sa_type=PlainText)
    source: str = Field(sa_type=PlainText)
    resource_id: str | None = Field(default=None, sa_type=PlainText)
    applies_to: Any = Field(sa_type=JsonText)
    baseline_hash: str | None = Field(default=None, sa_type=PlainText)
    template_definition: Any = Field(sa_type=JsonObjectText)


POLICIES: Final = DerivedTable("remediation_policies", Policy, key="policy_id")
"""The remediation policies."""


class RulesRow(Row, table=True):
    """How often policies and uploaded templates were written; its `id` is 1."""

    __tablename__ = "rules"

    id: int = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
