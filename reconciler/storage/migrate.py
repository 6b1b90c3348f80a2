"""The schema, looked at, made where there is none, and brought up to date where it is behind.

Alembic is imported only for the last: it is half of the time that opening the store takes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from reconciler.storage.new_database import make_tables

FOLDER: Final = Path(__file__).parent / "migrations"
_TABLE: Final = "alembic_version"
_FILE: Final = re.compile(r"v(\d{4})_\w+\.py")


def migrate(connection: Connection, *, path: Path) -> None:
    """Bring the database at `path` up to date, inside the transaction of `connection`.

    Raises:
        StorageError: a newer version of trueup wrote it, or something else did.
    """
    newest = newest_schema()
    if current_schema(connection) == (newest,):
        return
    if not inspect(connection).get_table_names():
        make_tables(connection, schema=newest)
        return
    from reconciler.storage.upgrade import upgrade  # noqa: PLC0415 - only when it is behind

    upgrade(connection, path=path)


def current_schema(connection: Connection) -> tuple[str, ...]:
    """Return the revisions the database is at; none when it was never migrated."""
    if not inspect(connection).has_table(_TABLE):
        return ()
    return tuple(connection.scalars(text(f"SELECT version_num FROM {_TABLE}")))  # noqa: S608 - ours


def newest_schema() -> str:
    """Return the revision of the last migration, which its file is named after."""
    names = (_FILE.fullmatch(file.name) for file in (FOLDER / "versions").iterdir())
    return max(name.group(1) for name in names if name)
