"""By which script a quarantine isolates, and what releases it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no script isolated anything before."""
    op.add_column("quarantines", sa.Column("script", sa.Text(), nullable=True))
