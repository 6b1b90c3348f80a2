"""What objects are held against; a resource may have an undeclared finding beside the other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PLAIN = sa.text("state <> 'healed' AND (origin IS NULL OR origin <> 'undeclared')")
_UNDECLARED = sa.text("state <> 'healed' AND origin = 'undeclared'")
_COLUMNS = ["stack", "address", "kind", "seen_by"]


def upgrade() -> None:
    """Make the tables, and divide the index of findings that are not healed."""
    op.create_table(
        "baselines",
        sa.Column("stack", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("configured", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("moves", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stack", "key", name="pk_baselines"),
    )
    op.create_table(
        "acceptances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stack", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_acceptances"),
    )
    op.create_index("ix_acceptances_finding", "acceptances", ["finding_id", "accepted_at", "id"])
    op.create_index("ix_acceptances_stack", "acceptances", ["stack", "key", "accepted_at"])
    op.drop_index("uq_findings_unhealed", table_name="findings")
    for name, where in (("uq_findings_unhealed", _PLAIN), ("uq_findings_undeclared", _UNDECLARED)):
        op.create_index(
            name, "findings", _COLUMNS, unique=True, sqlite_where=where, postgresql_where=where
        )
