"""A database that nobody has written yet, made as the newest schema has it.

The migrations would come to the same tables in ten times the processor time, most of it for
importing Alembic and for making tables anew. A test compares the two word by word.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

import reconciler.storage.transaction  # noqa: F401 - every table
from reconciler.storage.tables.row import Row

_AUDIT_TRIGGERS: Final = {
    "audit_is_never_changed": "BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END",
    # Replacing a row fires no trigger of its deletion.
    "audit_is_never_replaced": "BEFORE INSERT ON audit"
    " WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)"
    " BEGIN SELECT RAISE(ABORT, 'audit rows are never replaced'); END",
    "audit_is_kept": "BEFORE DELETE ON audit"
    ' WHEN NOT EXISTS (SELECT 1 FROM audit_horizon WHERE OLD.at < "before")'
    " BEGIN SELECT RAISE(ABORT, 'audit rows are kept'); END",
}
_SCHEMA_TABLE: Final = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)


def make_tables(connection: Connection, *, schema: str) -> None:
    """Leave every table in the empty database of `connection`, noted as of revision `schema`."""
    Row.metadata.create_all(connection, checkfirst=False)
    for name, rule in _AUDIT_TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {rule}")
    connection.exec_driver_sql(_SCHEMA_TABLE)
    connection.execute(
        text("INSERT INTO alembic_version (version_num) VALUES (:schema)"), {"schema": schema}
    )
