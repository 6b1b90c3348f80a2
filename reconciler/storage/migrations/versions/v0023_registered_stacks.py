"""Since when a stack is registered: one that no scan ever verified goes stale from then on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a stack that is there counts from its last scan on."""
    op.add_column("stacks", sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE stacks SET registered_at = last_scan_at WHERE source != 'embedded'")
