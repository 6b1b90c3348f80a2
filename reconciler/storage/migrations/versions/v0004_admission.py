"""Which guard a remediation waits for, what guards found out, and how often the rules changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table; what waits is evaluated anew at its next step."""
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    if op.get_bind().dialect.name != "sqlite":
        for column in _columns():
            op.add_column("remediations", column)
        return
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    # Dropping the old table removes the links to it with it, so they are laid aside.
    op.execute("CREATE TEMPORARY TABLE kept_links AS SELECT * FROM remediation_findings")
    with op.batch_alter_table("remediations", recreate="always") as remediations:
        for column in _columns():
            remediations.add_column(column)
    op.execute("INSERT INTO remediation_findings SELECT * FROM kept_links")
    op.execute("DROP TABLE kept_links")


def _columns() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("guard", sa.Text(), nullable=True),
        sa.Column("evaluations", sa.Text(), nullable=True),
    )
