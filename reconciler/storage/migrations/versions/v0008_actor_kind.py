"""What kind of somebody acted, beside the name in the audit."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# As the first migration has them: a table that is made anew loses its triggers.
_TRIGGERS: Final = {
    "audit_is_never_changed": "BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END",
    "audit_is_never_replaced": "BEFORE INSERT ON audit"
    " WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)"
    " BEGIN SELECT RAISE(ABORT, 'audit rows are never replaced'); END",
    "audit_is_kept": "BEFORE DELETE ON audit"
    ' WHEN NOT EXISTS (SELECT 1 FROM audit_horizon WHERE OLD.at < "before")'
    " BEGIN SELECT RAISE(ABORT, 'audit rows are kept'); END",
}


def upgrade() -> None:
    """Add the column; rows from before do not say it."""
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    with op.batch_alter_table(
        "audit", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as audit:
        audit.add_column(sa.Column("actor_kind", sa.Text(), nullable=True), insert_after="actor")
    for name, rule in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {rule}")
