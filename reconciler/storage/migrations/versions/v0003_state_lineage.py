"""Which state of a stack was read last, beside what is known of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a stack scanned before takes the state it finds next."""
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    # One at a time: alembic finds no place behind a column that is new itself.
    with op.batch_alter_table("stacks", recreate="always") as stacks:
        stacks.add_column(
            sa.Column("serial", sa.BigInteger(), nullable=True), insert_after="provider_doubts"
        )
    with op.batch_alter_table("stacks", recreate="always") as stacks:
        stacks.add_column(
            sa.Column("lineage", sa.Text(), nullable=False, server_default=""),
            insert_after="serial",
        )
