"""What guardrails count: runs that no person asked for, new drift of stacks, holds by scope."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and indexes; a hold of before holds everything, as it did."""
    op.add_column(
        "runs",
        sa.Column("unasked", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.add_column("stacks", sa.Column("drifted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_runs_unasked", "runs", ["unasked", "started_at"])
    op.create_index("ix_remediations_policy", "remediations", ["policy_id", "state", "created_at"])
    _scope_holds()


def _scope_holds() -> None:
    op.rename_table("holds", "holds_before")
    op.create_table(
        "holds",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("unasked", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stack", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "unasked"),
    )
    op.execute(
        'INSERT INTO holds (scope, unasked, "by", reason, since, until)'
        " SELECT '', false, \"by\", reason, since, until FROM holds_before"
    )
    op.drop_table("holds_before")
