"""Why objects of a provider are not corrected unasked, beside what is known of its stack."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; stacks scanned before have no doubts until their next scan."""
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    with op.batch_alter_table("stacks", recreate="always") as stacks:
        stacks.add_column(
            sa.Column("provider_doubts", sa.Text(), nullable=True), insert_after="next_due_at"
        )
