"""Which baselines an agent knew when it looked, and since when it has its key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what agents reported so far was compared with what they knew."""
    nothing = sa.text("''")
    op.add_column("agents", sa.Column("scope", sa.Text(), nullable=False, server_default=nothing))
    op.add_column("agents", sa.Column("key_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "agents", sa.Column("rotating", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE agents SET scope = epoch")
