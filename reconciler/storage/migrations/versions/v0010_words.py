"""Columns called as the glossary calls what they hold: a state, a scan."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the columns and the index; their values stay."""
    op.execute("ALTER TABLE stacks RENAME COLUMN last_pass_at TO last_scan_at")
    op.execute("ALTER TABLE stacks RENAME COLUMN last_pass_ms TO last_scan_ms")
    op.drop_index("ix_remediations_phase", "remediations")
    op.execute("ALTER TABLE remediations RENAME COLUMN phase TO state")
    op.create_index("ix_remediations_state", "remediations", ["state", "created_at", "id"])
