"""What a policy has corrected lately, from the first that it did on."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_COLUMNS = ["policy_id", "state", "updated_at", "stack", "created_at", "run_id"]


def upgrade() -> None:
    """Sort the index by the end: an admission asks for the first stacks, not for all of a day."""
    op.drop_index("ix_remediations_policy", table_name="remediations")
    op.create_index("ix_remediations_policy", "remediations", _COLUMNS)
