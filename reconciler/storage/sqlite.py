"""SQLite as the store's database: its file, its settings, its transactions."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import LRUCache

from reconciler.domain.errors import StorageError
from reconciler.storage.faults import translated
from reconciler.storage.migrate import migrate
from reconciler.storage.store import READERS, SqlStore
from reconciler.stores import Store

_BUSY_MS: Final = 10_000
_SETTINGS: Final = (
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-8000",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)
_WRITER: Final = "BEGIN IMMEDIATE"
_READER: Final = "BEGIN"
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_FAULT: Final = "trueup-fault"
_PATH: Final = "trueup_path"
_READING: Final = "trueup_reading"
_MOST_STATEMENTS: Final = 1_000
_COMPILED: Final[LRUCache[Any, Any]] = LRUCache(_MOST_STATEMENTS)
"""What statements compile to, for every engine: one takes 5 to 10 ms, and a scan has 40."""


async def open_store(path: Path) -> Store:
    """Open the database at `path`, made and brought up to date where needed.

    The file is the user's alone (0600), and so is its folder where it is made here (0700).

    Raises:
        StorageError: it cannot be opened or written, is damaged, is not ours, or was
            written by a newer version of trueup.
    """
    writer = _engine(path, reading=False)
    reader = _engine(path, reading=True)
    try:
        await asyncio.to_thread(_prepare, path, writer)
    except BaseException:
        writer.dispose()
        raise
    return SqlStore(path=path, writer=writer, reader=reader)


def _prepare(path: Path, writer: Engine) -> None:
    _make_private(path)
    with writer.begin() as connection:
        migrate(connection, path=path)


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        # SQLite gives the files beside it the mode of this one.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE))
        _keep_name(path.parent)
        if stat.S_IMODE(path.stat().st_mode) != _FILE_MODE:
            path.chmod(_FILE_MODE)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be opened: {error.strerror}",
            remedy="make the file and its folder writable for this user, or name another data_dir",
        ) from error


def _keep_name(folder: Path) -> None:
    """Put the names in `folder` on the disk; SQLite does that for its own new files only."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file that is there.

    SQLite's default makes a missing file, so a reader that joins late would read an empty
    database in the place of one that was removed.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False)


def _engine(path: Path, *, reading: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path),
        poolclass=QueuePool,
        pool_size=READERS if reading else 1,
        max_overflow=0,
        hide_parameters=True,
    )
    # What is compiled, and how each type is bound, is kept by dialect.
    engine.dialect = _dialect()
    engine.update_execution_options(compiled_cache=_COMPILED, **{_PATH: path, _READING: reading})

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # Transactions begin where `begin` says so, and nowhere by themselves.
        connection.isolation_level = None
        for setting in (*_SETTINGS, *(("PRAGMA query_only=ON",) if reading else ())):
            connection.execute(setting).close()

    def begun(connection: Connection) -> None:
        connection.info.pop(_FAULT, None)
        connection.exec_driver_sql(_READER if reading else _WRITER)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    event.listen(engine, "before_cursor_execute", _refuse_after_fault)
    event.listen(engine, "commit", _refuse_after_fault)
    return engine


@cache
def _dialect() -> Dialect:
    """Return the one dialect of this process. It has met a connection, as engines expect."""
    engine = create_engine("sqlite://")
    with engine.connect():
        pass
    engine.dispose()
    # SQLAlchemy tells of faults by dialect, so this is one listener for every engine.
    event.listen(engine, "handle_error", _failed)
    return engine.dialect


def _failed(context: ExceptionContext) -> Exception | None:
    if context.engine is None:
        return None
    options = context.engine.get_execution_options()
    error = translated(context.original_exception, path=options[_PATH], reading=options[_READING])
    if isinstance(error, StorageError) and context.connection is not None:
        context.connection.info[_FAULT] = error
    return error


def _refuse_after_fault(connection: Connection, *_statement: Any) -> None:
    """Let nothing be written, and nothing be called committed, after a fault that work overlooked.

    SQLite rolls the whole transaction back when the disk is full; what followed would be
    committed statement by statement.
    """
    fault = connection.info.get(_FAULT)
    if fault is not None:
        raise fault
