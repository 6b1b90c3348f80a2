"""The first schema."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBERED: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_EFFECT: Final = sa.text("phase IN ('applying', 'verifying', 'unknown')")
NOT_HEALED: Final = sa.text("state <> 'healed'")


def upgrade() -> None:
    """Make every table."""
    _audit()
    _audit_horizon()
    _drift_reports()
    _events()
    _findings()
    _holds()
    _remediation_policies()
    _remediations()
    _replays()
    _runs()
    _stacks()
    _templates()
    _tokens()
    _remediation_findings()
    _template_revisions()
    _guard_audit()


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """Return a column of text."""
    return sa.Column(name, sa.Text(), nullable=null)


def moment(name: str, *, null: bool = False) -> sa.Column[datetime]:
    """Return a column of moments."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def integer(name: str, *, null: bool = False) -> sa.Column[int]:
    """Return a column of integers."""
    return sa.Column(name, sa.Integer(), nullable=null)


def truth(name: str) -> sa.Column[bool]:
    """Return a column of yes or no."""
    return sa.Column(name, sa.Boolean(), nullable=False)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", NUMBERED, nullable=False),
        moment("at"),
        text("actor"),
        text("action"),
        text("subject"),
        text("details"),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "seq"], unique=False)


def _audit_horizon() -> None:
    op.create_table(
        "audit_horizon",
        integer("id"),
        moment("before"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_horizon"),
    )


def _drift_reports() -> None:
    op.create_table(
        "drift_reports",
        text("report_id"),
        text("resource_id"),
        text("template_id", null=True),
        moment("timestamp"),
        text("drift_hash"),
        text("stack"),
        text("event"),
        text("drift_details"),
        sa.PrimaryKeyConstraint("report_id", name="pk_drift_reports"),
    )
    op.create_index(
        "ix_drift_reports_page", "drift_reports", ["timestamp", "report_id"], unique=False
    )
    op.create_index(
        "ix_drift_reports_resource",
        "drift_reports",
        ["resource_id", "timestamp", "report_id"],
        unique=False,
    )
    op.create_index(
        "ix_drift_reports_template",
        "drift_reports",
        ["template_id", "timestamp", "report_id"],
        unique=False,
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", NUMBERED, nullable=False),
        moment("at"),
        text("type"),
        text("subject"),
        text("body"),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sqlite_autoincrement=True,
    )


def _findings() -> None:
    op.create_table(
        "findings",
        text("id"),
        text("stack"),
        text("address"),
        text("type"),
        text("kind"),
        integer("severity"),
        integer("score"),
        text("origin", null=True),
        text("fingerprint"),
        text("state"),
        moment("first_seen"),
        moment("last_seen"),
        integer("times_seen"),
        text("report_id"),
        text("template_id", null=True),
        truth("acted_on"),
        moment("healed_at", null=True),
        text("details"),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
    )
    op.create_index(
        "ix_findings_page",
        "findings",
        ["severity", "score", "first_seen", "id", "state", "kind", "stack", "type", "address"],
        unique=False,
    )
    op.create_index(
        "ix_findings_stack",
        "findings",
        ["stack", "severity", "score", "first_seen", "id"],
        unique=False,
    )
    op.create_index(
        "ix_findings_state",
        "findings",
        ["state", "severity", "score", "first_seen", "id", "kind", "stack", "type", "address"],
        unique=False,
    )
    op.create_index(
        "ix_findings_state_stack",
        "findings",
        ["state", "stack", "severity", "score", "first_seen", "id"],
        unique=False,
    )
    op.create_index(
        "uq_findings_unhealed",
        "findings",
        ["stack", "address", "kind"],
        unique=True,
        sqlite_where=NOT_HEALED,
        postgresql_where=NOT_HEALED,
    )


def _holds() -> None:
    op.create_table(
        "holds",
        integer("id"),
        text("by"),
        text("reason"),
        moment("since"),
        moment("until", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )


def _remediation_policies() -> None:
    op.create_table(
        "remediation_policies",
        text("policy_id"),
        text("name"),
        text("template_id", null=True),
        integer("drift_threshold"),
        integer("min_score"),
        text("action_type"),
        text("script", null=True),
        text("selection"),
        text("owner", null=True),
        text("reason", null=True),
        moment("expires_at", null=True),
        text("source"),
        integer("position"),
        integer("version"),
        sa.PrimaryKeyConstraint("policy_id", name="pk_remediation_policies"),
    )


def _remediations() -> None:
    op.create_table(
        "remediations",
        text("id"),
        text("stack"),
        text("report_id"),
        text("finding_ids"),
        text("addresses"),
        text("fingerprints"),
        text("action_type"),
        text("phase"),
        truth("open"),
        moment("created_at"),
        moment("updated_at"),
        integer("version"),
        text("policy_id", null=True),
        text("requested_by"),
        text("hold_reason", null=True),
        moment("hold_until", null=True),
        text("plan", null=True),
        text("plan_digest", null=True),
        text("approvals"),
        text("run_id", null=True),
        integer("attempts"),
        moment("next_at", null=True),
        moment("expires_at", null=True),
        text("note", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_remediations"),
    )
    op.create_index("ix_remediations_due", "remediations", ["open", "next_at"], unique=False)
    op.create_index(
        "ix_remediations_open", "remediations", ["open", "created_at", "id"], unique=False
    )
    op.create_index("ix_remediations_page", "remediations", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_remediations_phase", "remediations", ["phase", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_remediations_stack", "remediations", ["stack", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_remediations_in_effect",
        "remediations",
        ["stack"],
        unique=True,
        sqlite_where=IN_EFFECT,
        postgresql_where=IN_EFFECT,
    )


def _replays() -> None:
    op.create_table(
        "replays",
        text("key"),
        text("token_id"),
        text("request_sha256"),
        integer("status"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        moment("created_at"),
        text("content_type"),
        sa.PrimaryKeyConstraint("key", "token_id", name="pk_replays"),
    )
    op.create_index("ix_replays_created", "replays", ["created_at"], unique=False)


def _runs() -> None:
    op.create_table(
        "runs",
        text("id"),
        text("remediation_id"),
        text("stack"),
        text("state"),
        text("plan_digest"),
        text("folder"),
        moment("started_at"),
        text("argv_digest"),
        text("boot_id"),
        integer("pid", null=True),
        sa.Column("pid_started", sa.Float(), nullable=True),
        sa.Column("state_serial", sa.BigInteger(), nullable=True),
        moment("ended_at", null=True),
        integer("exit_code", null=True),
        text("summary", null=True),
        text("progress"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_page", "runs", ["started_at", "id"], unique=False)
    op.create_index(
        "ix_runs_remediation", "runs", ["remediation_id", "started_at", "id"], unique=False
    )
    op.create_index("ix_runs_stack", "runs", ["stack", "started_at", "id"], unique=False)
    op.create_index("ix_runs_state", "runs", ["state", "started_at", "id"], unique=False)


def _stacks() -> None:
    op.create_table(
        "stacks",
        text("name"),
        text("tool"),
        text("directory"),
        sa.Column("interval_s", sa.Float(), nullable=False),
        truth("adaptive"),
        text("source"),
        text("definition"),
        text("health"),
        text("counts", null=True),
        text("revision", null=True),
        text("obtained_by", null=True),
        moment("last_pass_at", null=True),
        sa.Column("last_pass_ms", sa.Float(), nullable=True),
        moment("verified_at", null=True),
        text("error", null=True),
        moment("error_since", null=True),
        moment("next_due_at", null=True),
        sa.PrimaryKeyConstraint("name", name="pk_stacks"),
    )


def _templates() -> None:
    op.create_table(
        "templates",
        text("template_id"),
        text("resource_type"),
        moment("created_at"),
        moment("updated_at"),
        integer("revision"),
        text("name"),
        text("source"),
        text("resource_id", null=True),
        text("stack", null=True),
        text("applies_to"),
        text("baseline_hash", null=True),
        text("template_definition"),
        sa.PrimaryKeyConstraint("template_id", name="pk_templates"),
    )
    op.create_index("ix_templates_resource", "templates", ["resource_id"], unique=False)
    op.create_index("ix_templates_stack", "templates", ["stack", "template_id"], unique=False)
    op.create_index(
        "ix_templates_type", "templates", ["resource_type", "template_id"], unique=False
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        text("token_id"),
        text("name"),
        text("role"),
        text("secret_sha256"),
        moment("created_at"),
        moment("expires_at", null=True),
        moment("last_used_at", null=True),
        sa.PrimaryKeyConstraint("token_id", name="pk_tokens"),
    )


def _remediation_findings() -> None:
    op.create_table(
        "remediation_findings",
        text("remediation_id"),
        text("finding_id"),
        truth("open"),
        sa.ForeignKeyConstraint(
            ["remediation_id"],
            ["remediations.id"],
            name="fk_remediation_findings_remediation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("remediation_id", "finding_id", name="pk_remediation_findings"),
    )
    op.create_index(
        "uq_remediation_findings_open",
        "remediation_findings",
        ["finding_id"],
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )
    op.create_index(
        "ix_remediation_findings_finding",
        "remediation_findings",
        ["finding_id", "open"],
        unique=False,
    )


def _template_revisions() -> None:
    op.create_table(
        "template_revisions",
        text("template_id"),
        integer("revision"),
        text("resource_type"),
        moment("created_at"),
        moment("updated_at"),
        text("name"),
        text("source"),
        text("resource_id", null=True),
        text("applies_to"),
        text("baseline_hash", null=True),
        text("template_definition"),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["templates.template_id"],
            name="fk_template_revisions_template_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("template_id", "revision", name="pk_template_revisions"),
    )


def _guard_audit() -> None:
    """Let audit rows be added, never changed, and removed only from below the horizon."""
    op.execute(
        "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END"
    )
    # Replacing a row fires no trigger of its deletion.
    op.execute(
        "CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit"
        " WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)"
        " BEGIN SELECT RAISE(ABORT, 'audit rows are never replaced'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit"
        ' WHEN NOT EXISTS (SELECT 1 FROM audit_horizon WHERE OLD.at < "before")'
        " BEGIN SELECT RAISE(ABORT, 'audit rows are kept'); END"
    )
