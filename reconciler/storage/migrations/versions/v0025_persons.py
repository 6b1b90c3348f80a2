"""Whose a token is: one person may have several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every token so far is that of the person of its name."""
    op.add_column("tokens", sa.Column("person", sa.Text(), nullable=True))
