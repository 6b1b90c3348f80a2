"""The database and the instance key know each other: a lost or an older database is told.

Beside the key lies a mark: the number of the newest entry of the audit and a keyed digest of
it. The audit only grows, so a database that does not hold that entry is not the one that was
served last: it was lost, an older copy was put back, or it is somebody else's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.bootstrap.instance import write_secret
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError, StorageError
from reconciler.domain.records import AuditEntry
from reconciler.storage.sqlite import open_store
from reconciler.stores import Store, Transaction

DATABASE: Final = "trueup.db"
MARK: Final = "database.mark"
_MOST_BYTES: Final = 4096
_PAGE: Final = 500
_KEY_PURPOSE: Final = b"trueup database mark 1"
_REMEDY: Final = (
    "restore the newest {file}; or start once with `--accept-new-database`, then make tokens,"
    " policies and stacks of the API again and look whether a hold has to stand"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the audit had come, and what the database held then."""

    seq: int
    digest: str
    key: str
    at: str
    tokens: int = 0
    policies: int = 0
    held: bool = False

    def told(self) -> str:
        """Say what would be missing."""
        hold = "a hold was set" if self.held else "no hold was set"
        return f"{self.tokens} tokens and {self.policies} policies were in it, and {hold}"


async def open_known_store(data_dir: Path, key: bytes, *, accept_new: bool) -> Store:
    """Open the database of `data_dir`, when it is the one that was served last.

    With `accept_new` it may be any. Nothing is made where one was lost.

    Raises:
        PermanentError: it is gone, older than the mark or another one, or the key is.
        StorageError: it cannot be used.
    """
    file = data_dir / DATABASE
    mark = read_mark(data_dir)
    if mark is not None and not accept_new:
        if not file.exists():
            raise _refusal(file, mark, "is gone")
        _refuse_other_key(file, mark, key)
    store = await open_store(file)
    try:
        if mark is not None and not accept_new:
            await store.read(lambda view: _refuse_other(view, file, mark, key))
    except BaseException:
        await store.close()
        raise
    return store


@dataclass(frozen=True, slots=True)
class OpenedDatabase:
    """The database file as it was opened; a running daemon would go on writing into nothing."""

    file: Path
    identity: tuple[int, int]

    @classmethod
    def of(cls, data_dir: Path) -> OpenedDatabase:
        """Return the database of `data_dir`, which is open."""
        file = data_dir / DATABASE
        found = file.stat()
        return cls(file, (found.st_dev, found.st_ino))

    def check(self) -> None:
        """Do nothing while it is still in its place.

        Raises:
            StorageError: it was removed, or another file stands there.
        """
        try:
            found = self.file.stat()
        except OSError as error:
            lack = error.strerror or "cannot be seen"
        else:
            if (found.st_dev, found.st_ino) == self.identity:
                return
            lack = "another file stands in its place"
        raise StorageError(
            f"{self.file}: {lack}, while the daemon runs",
            remedy=f"put the newest {self.file.name} back and start `trueup serve` again",
        )


def read_mark(data_dir: Path) -> Mark | None:
    """Return the mark of `data_dir`; None when none was made yet.

    Raises:
        PermanentError: it is there and cannot be read.
    """
    path = data_dir / MARK
    try:
        content = json.loads(read_bytes(path, most=_MOST_BYTES))
        return _mark(content)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PermanentError(
            f"{path}: {error.strerror or error}", remedy="make it readable for you"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f"{path}: damaged, so it is unknown whether {DATABASE} is the newest",
            remedy=f"compare {DATABASE} with your backups, then remove {path}",
        ) from error


def made_now(view: Transaction, key: bytes) -> Mark | None:
    """Return the mark of what the database holds now; None while its audit is empty."""
    newest = next(iter(view.audit.page(limit=1).items), None)
    if newest is None:
        return None
    return Mark(
        seq=newest.seq,
        digest=_digest(newest, key),
        key=_fingerprint(key),
        at=newest.at.isoformat(),
        tokens=len(view.tokens.all()),
        policies=len(view.policies.all()),
        held=bool(view.holds.all()),
    )


def lack_of(view: Transaction, mark: Mark, key: bytes) -> str | None:
    """Say how the database differs from the one that was marked; None when it does not."""
    newest = next(iter(view.audit.page(limit=1).items), None)
    if newest is None or newest.seq < mark.seq:
        ends = f"ends with {newest.seq} of {newest.at:%Y-%m-%d %H:%M}" if newest else "is empty"
        return f"is an older copy: its audit {ends}, and {mark.seq} was written at {mark.at}"
    entry = next((entry for entry in _newest_first(view) if entry.seq <= mark.seq), newest)
    if entry.seq == mark.seq and hmac.compare_digest(_digest(entry, key), mark.digest):
        return None
    return "is another database than the one that was served last"


def write_mark(data_dir: Path, mark: Mark) -> None:
    """Leave `mark` on the disk, whole or not at all; only after what it tells of is committed."""
    content = {name: getattr(mark, name) for name in Mark.__slots__}
    write_secret(data_dir / MARK, json.dumps(content) + "\n")


def _mark(content: Mapping[str, Any]) -> Mark:
    return Mark(
        seq=int(content["seq"]),
        digest=str(content["digest"]),
        key=str(content["key"]),
        at=str(content["at"]),
        tokens=int(content["tokens"]),
        policies=int(content["policies"]),
        held=bool(content["held"]),
    )


def _refuse_other(view: Transaction, file: Path, mark: Mark, key: bytes) -> None:
    lack = lack_of(view, mark, key)
    if lack is not None:
        raise _refusal(file, mark, lack)


def _newest_first(view: Transaction) -> Iterator[AuditEntry]:
    page = view.audit.page(limit=_PAGE)
    yield from page.items
    while page.next is not None:
        page = view.audit.page(cursor=page.next, limit=_PAGE)
        yield from page.items


def _refuse_other_key(file: Path, mark: Mark, key: bytes) -> None:
    if not hmac.compare_digest(_fingerprint(key), mark.key):
        raise PermanentError(
            f"{file.with_name('instance.key')}: is not the key that {file} was written with",
            remedy="put the old key back; or start once with `--accept-new-database`: known"
            " drifts then look new",
        )


def _refusal(file: Path, mark: Mark, lack: str) -> PermanentError:
    return PermanentError(f"{file}: {lack}; {mark.told()}", remedy=_REMEDY.format(file=file.name))


def _digest(entry: AuditEntry, key: bytes) -> str:
    parts = [entry.seq, entry.at.isoformat(), entry.actor, entry.action, entry.subject]
    return hmac.digest(key, _KEY_PURPOSE + json.dumps(parts).encode(), hashlib.sha256).hex()


def _fingerprint(key: bytes) -> str:
    return hmac.digest(key, _KEY_PURPOSE, hashlib.sha256).hex()[:32]
