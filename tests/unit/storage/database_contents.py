"""What a database file holds, read past the store."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, and commit what is written into it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def schema_of(path: Path) -> dict[str, str]:
    """Return the statement that makes each table, index and trigger."""
    with raw(path) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
    # SQLite quotes the name of a table that a migration made anew.
    plain = {name: re.sub(r"\s+", " ", sql.replace('"', "")) for name, sql in rows}
    return {name: _any_order(sql) for name, sql in plain.items()}


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what stands in each table."""
    with raw(path) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        # Making a table anew notes that no row was numbered yet, which nothing reads.
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - ours
            for (name,) in names
            if name != "sqlite_sequence"
        }


def _any_order(sql: str) -> str:
    """Order the columns of a table by name: every statement names those it means."""
    head, opened, rest = sql.partition(" ( ")
    if not opened or not head.startswith("CREATE TABLE"):
        return sql
    return f"{head} ( {', '.join(sorted(rest.removesuffix(' )').split(', ')))} )"
