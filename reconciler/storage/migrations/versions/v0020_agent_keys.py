"""Which baselines an agent knew when it looked, since when it has its key, what is accepted."""

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
    for name, empty in (("groups", "'[]'"), ("accepted", "'{}'")):
        default = sa.text(empty)
        op.add_column(
            "host_baselines", sa.Column(name, sa.Text(), nullable=False, server_default=default)
        )
    op.execute("UPDATE agents SET scope = epoch")
