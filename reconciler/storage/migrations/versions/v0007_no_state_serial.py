"""A column of runs that nothing ever wrote or read."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop `runs.state_serial`: which state a stack had is kept with the stack."""
    # SQLite of before 3.35 drops no column; made anew, the table is as it is declared.
    with op.batch_alter_table("runs", recreate="always") as runs:
        runs.drop_column("state_serial")
