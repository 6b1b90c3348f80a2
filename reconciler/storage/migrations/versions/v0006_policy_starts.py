"""When a policy begins to act, beside when it expires."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a policy that was there acts as before."""
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    with op.batch_alter_table("remediation_policies", recreate="always") as policies:
        policies.add_column(
            sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
            insert_after="reason",
        )
