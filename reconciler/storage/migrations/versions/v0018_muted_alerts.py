"""Who muted an alert, why and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no alert that is there was muted."""
    op.add_column("alerts", sa.Column("muted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("muted_by", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("mute_reason", sa.Text(), nullable=True))
