"""What a policy has corrected lately, by its index alone."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_COLUMNS = ["policy_id", "state", "created_at", "stack", "updated_at", "run_id"]


def upgrade() -> None:
    """Add to the index what each admission asks of these rows: they lie all over the table."""
    op.drop_index("ix_remediations_policy", table_name="remediations")
    op.create_index("ix_remediations_policy", "remediations", _COLUMNS)
