"""What went wrong in SQLite, in words a user can act on."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final

from reconciler.domain.errors import (
    ConflictError,
    InvalidError,
    PermanentError,
    ReconcilerError,
    StorageError,
)

_CODE: Final = 0xFF
_PASSING: Final = {
    sqlite3.SQLITE_BUSY: (
        "is in use by another program",
        "let only one daemon work on it, then try again",
    ),
    sqlite3.SQLITE_LOCKED: (
        "is in use by another program",
        "let only one daemon work on it, then try again",
    ),
    sqlite3.SQLITE_NOMEM: ("could not be worked on: no memory was left", "give trueup more memory"),
    sqlite3.SQLITE_CANTOPEN: (
        "could not be opened",
        "see that the file and its folder belong to this user and that files may be opened",
    ),
    sqlite3.SQLITE_PERM: ("could not be opened", "see that the file belongs to this user"),
}
_LASTING: Final = {
    sqlite3.SQLITE_FULL: (
        "could not be written: the disk is full",
        "free some space, then start trueup again",
    ),
    sqlite3.SQLITE_READONLY: (
        "could not be written: it is read-only",
        "make the file and its folder writable for this user, then start trueup again",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written: the disk failed or is full",
        "look at the disk and the system's log, then start trueup again",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "put a copy of it back, or save what is left with `sqlite3 FILE .recover`",
    ),
    sqlite3.SQLITE_NOTADB: (
        "is damaged, or no database at all",
        "put a copy of it back, or move it away to begin anew",
    ),
}
_TAKEN: Final = {
    "remediations.stack": ("another remediation of this stack is in effect", "stack-busy"),
    "remediation_findings.finding_id": (
        "a finding is in another open remediation already",
        "finding-taken",
    ),
    "findings.stack, findings.address, findings.kind, findings.seen_by": (
        "this resource has a finding of that kind that is not healed",
        "already-found",
    ),
}
"""By the columns SQLite names when a unique index refuses a row."""


class LastingStorageError(StorageError):
    """Nothing can be written any more until the database is opened anew."""


def translated(error: BaseException, *, path: Path, reading: bool) -> Exception | None:
    """Return what `error` means to a user of the database at `path`; None leaves it as it is."""
    if isinstance(error, ReconcilerError):
        return error
    if isinstance(error, OverflowError):
        return InvalidError("a number beyond 64 bits cannot be kept")
    if isinstance(error, sqlite3.IntegrityError):
        return _refused(error)
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _fault(code & _CODE, error, path=path, reading=reading)


def _fault(code: int, error: BaseException, *, path: Path, reading: bool) -> Exception | None:
    if reading and code == sqlite3.SQLITE_READONLY:
        return PermanentError("a transaction that reads cannot write")
    if code == sqlite3.SQLITE_CANTOPEN and not path.exists():
        return StorageError(
            f"{path}: {os.strerror(errno.ENOENT)}",
            remedy=f"put the newest {path.name} back and start `trueup serve` again",
        )
    if code in _PASSING:
        what, remedy = _PASSING[code]
        return StorageError(f"{path} {what} ({error})", remedy=remedy)
    if code in _LASTING:
        what, remedy = _LASTING[code]
        return LastingStorageError(f"{path} {what} ({error})", remedy=remedy)
    return None


def _refused(error: sqlite3.IntegrityError) -> Exception | None:
    if error.sqlite_errorcode not in {
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    }:
        return None
    columns = str(error).removeprefix("UNIQUE constraint failed: ")
    sentence, code = _TAKEN.get(columns, (f"there is one of this {columns} already", "exists"))
    return ConflictError(sentence, code=code)
