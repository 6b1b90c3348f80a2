"""A digest with each entry of the audit, of itself and of the entry before it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BEGINNING: Final = "0" * 64
_AT_ONCE: Final = 5000
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
    """Add the columns, and chain what is there."""
    empty = sa.text("''")
    op.add_column(
        "audit_horizon", sa.Column("seq", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column(
        "audit_horizon", sa.Column("digest", sa.Text(), nullable=False, server_default=empty)
    )
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    with op.batch_alter_table(
        "audit", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as audit:
        audit.add_column(sa.Column("digest", sa.Text(), nullable=False, server_default=empty))
    _chain(op.get_bind())
    for name, rule in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {rule}")


def _chain(connection: sa.Connection) -> None:
    names = ("seq", "at", "actor", "actor_kind", "action", "subject", "details", "digest")
    audit = sa.table("audit", *(sa.column(name) for name in names))
    before, seq = _BEGINNING, -1
    statement = sa.select(*(audit.c[name] for name in names[:-1])).order_by(audit.c.seq)
    while rows := connection.execute(statement.where(audit.c.seq > seq).limit(_AT_ONCE)).all():
        for row in rows:
            seq = row.seq
            before = _digest(before, row)
            written = sa.update(audit).where(audit.c.seq == seq).values(digest=before)
            connection.execute(written)


def _digest(before: str, row: sa.Row[tuple[object, ...]]) -> str:
    at = datetime.fromisoformat(str(row.at)).replace(tzinfo=UTC).isoformat(timespec="microseconds")
    parts = [row.seq, at, row.actor, row.actor_kind, row.action, row.subject, row.details]
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(b"\x00" + before.encode() + text.encode()).hexdigest()
