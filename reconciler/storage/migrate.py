"""The schema, looked at, and brought up to date where it is behind.

Alembic is imported only then: it is half of the time that opening the store takes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

FOLDER: Final = Path(__file__).parent / "migrations"
_TABLE: Final = "alembic_version"
_FILE: Final = re.compile(r"v\d{4}_\w+\.py")
_FOLLOWS: Final = re.compile(r'^down_revision = "(\d{4})"$', re.MULTILINE)


def migrate(connection: Connection, *, path: Path) -> None:
    """Bring the database at `path` up to date, inside the transaction of `connection`.

    Raises:
        StorageError: a newer version of trueup wrote it, or something else did.
    """
    if current_schema(connection) == (newest_schema(),):
        return
    from reconciler.storage.upgrade import upgrade  # noqa: PLC0415 - only when it is behind

    upgrade(connection, path=path)


def current_schema(connection: Connection) -> tuple[str, ...]:
    """Return the revisions the database is at; none when it was never migrated."""
    if not inspect(connection).has_table(_TABLE):
        return ()
    return tuple(connection.scalars(text(f"SELECT version_num FROM {_TABLE}")))  # noqa: S608 - ours


def newest_schema() -> str:
    """Return the revision of the last migration: the one that no other follows.

    Numbers are given out before work begins, so the last one need not have the highest.
    """
    files = [file for file in (FOLDER / "versions").iterdir() if _FILE.fullmatch(file.name)]
    follows = {match for file in files for match in _FOLLOWS.findall(file.read_text("utf-8"))}
    (last,) = {file.name[1:5] for file in files} - follows
    return last
