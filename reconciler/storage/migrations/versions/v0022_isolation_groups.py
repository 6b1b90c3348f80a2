"""By which security group a policy, or a person's quarantine, isolates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every quarantine so far detached edges."""
    for table in ("remediation_policies", "remediations"):
        op.add_column(table, sa.Column("isolation_group", sa.Text(), nullable=True))
