"""What a plan does, apart from what is asked about, and how often that was asked anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; so far what was asked about had the digest of what the plan does."""
    op.add_column("remediations", sa.Column("change_digest", sa.Text(), nullable=True))
    op.add_column(
        "remediations", sa.Column("voided", sa.Integer(), nullable=False, server_default="0")
    )
