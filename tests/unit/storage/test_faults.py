from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from reconciler.domain.errors import StorageError
from reconciler.domain.records import FindingFilter
from reconciler.storage.sqlite import open_store
from reconciler.storage.store import SqlStore
from reconciler.stores import Store, Transaction
from tests.contract.store.records import NOW, a_finding, a_report, a_stack, an_event

_NOBODY = 65534
_BIG = {"text": "x" * 200_000}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(tmp_path / "trueup.db")
    assert isinstance(opened, SqlStore)
    yield opened
    await opened.close()


def fill_up(store: SqlStore) -> None:
    """Let the database grow no further, as on a full disk: SQLite answers SQLITE_FULL itself."""

    def limit(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute("PRAGMA max_page_count=1").close()

    event.listen(store._writer, "checkout", limit)


async def test_on_a_full_disk_nothing_is_torn_and_nothing_more_is_written(
    store: SqlStore, tmp_path: Path
) -> None:
    await store.transact(lambda t: t.stacks.put(a_stack()))
    fill_up(store)

    def work(transaction: Transaction) -> None:
        transaction.stacks.put(a_stack("small"))
        transaction.reports.put_many([a_report(drift_details=_BIG)])

    with pytest.raises(StorageError, match="disk is full") as refused:
        await store.transact(work)
    assert refused.value.remedy
    assert str(tmp_path) in str(refused.value)
    assert await store.read(lambda t: t.stacks.all()) == (a_stack(),)
    with pytest.raises(StorageError, match="nothing is written any more") as still:
        await store.transact(lambda t: t.stacks.put(a_stack("tiny")))
    assert still.value.remedy == refused.value.remedy
    await store.close()
    again = await open_store(tmp_path / "trueup.db")
    await again.transact(lambda t: t.stacks.put(a_stack("later")))
    assert [one.name for one in await again.read(lambda t: t.stacks.all())] == ["later", "webshop"]
    await again.close()


@pytest.mark.parametrize("goes_on", [False, True])
async def test_work_that_overlooks_a_full_disk_is_not_called_done(
    store: SqlStore, *, goes_on: bool
) -> None:
    fill_up(store)
    heard: list[int] = []
    store.on_event(heard.append)

    def stubborn(transaction: Transaction) -> None:
        transaction.events.append(an_event())
        with contextlib.suppress(StorageError):
            transaction.reports.put_many([a_report(drift_details=_BIG)])
        if goes_on:
            transaction.stacks.put(a_stack())

    with pytest.raises(StorageError):
        await store.transact(stubborn)
    assert await store.read(lambda t: t.stacks.all()) == ()
    assert await store.read(lambda t: t.events.bounds()) == (0, 0)
    assert heard == []
    with pytest.raises(StorageError, match="nothing is written any more"):
        await store.transact(lambda t: t.stacks.put(a_stack()))


async def test_a_failing_disk_is_said_with_a_remedy(tmp_path: Path) -> None:
    script = f"""
import asyncio, pathlib, resource, signal
from reconciler.domain.errors import StorageError
from reconciler.storage.sqlite import open_store
from tests.contract.store.records import a_report, a_stack

async def main():
    path = pathlib.Path({str(tmp_path / "trueup.db")!r})
    store = await open_store(path)
    await store.transact(lambda t: t.stacks.put(a_stack()))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    for number in range(50):
        report = a_report(f"r{{number}}", drift_details={{"text": "x" * 200_000}})
        try:
            await store.transact(lambda t: t.reports.put_many([report]))
        except StorageError as error:
            print(number, error.remedy)
            break
    print(len(await store.read(lambda t: t.stacks.all())))
    await store.close()

asyncio.run(main())
"""
    done = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    first, second = done.stdout.splitlines()
    written, remedy = first.split(maxsplit=1)
    assert "disk" in remedy
    assert second == "1"
    store = await open_store(tmp_path / "trueup.db")
    page = await store.read(lambda t: t.reports.page())
    assert len(page.items) == int(written)
    await store.close()


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder that its owner, who is not root, may read."""
    folder = Path(tempfile.mkdtemp(prefix="trueup-read-only-"))
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_nobody(*paths: Path) -> Iterator[None]:
    """Be a user who owns `paths`, if this is root: nothing is read-only to root."""
    if os.geteuid() != 0:
        yield
        return
    for path in paths:
        os.chown(path, _NOBODY, _NOBODY)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def allow(folder: Path, mode: int) -> None:
    folder.chmod(mode)


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_read_only_folder_is_refused_with_a_remedy(folder_of_nobody: Path) -> None:
    allow(folder_of_nobody, 0o500)
    path = folder_of_nobody / "trueup.db"
    with as_nobody(folder_of_nobody):
        for wanted in (path, folder_of_nobody / "data" / "trueup.db"):
            with pytest.raises(StorageError, match="cannot be opened") as refused:
                await open_store(wanted)
            assert refused.value.remedy
            assert str(wanted) in str(refused.value)
    assert contents(folder_of_nobody) == []


async def test_a_folder_that_became_read_only_is_refused(folder_of_nobody: Path) -> None:
    path = folder_of_nobody / "trueup.db"
    store = await open_store(path)
    await store.transact(lambda t: t.stacks.put(a_stack()))
    await store.close()
    allow(folder_of_nobody, 0o500)
    with as_nobody(folder_of_nobody, path), pytest.raises(StorageError) as refused:
        await open_store(path)
    assert refused.value.remedy
    allow(folder_of_nobody, 0o700)
    store = await open_store(path)
    assert await store.read(lambda t: t.stacks.all()) == (a_stack(),)
    await store.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trueup.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged") as refused:
        await open_store(path)
    assert refused.value.remedy
    assert path.read_bytes() == content


async def test_damage_that_shows_later_is_never_an_empty_answer(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    store = await open_store(path)
    findings = [a_finding(f"f{number}", details=_BIG) for number in range(3)]
    await store.transact(lambda t: t.findings.put_many(findings))
    await store.close()
    _damage(path, "findings")
    store = await open_store(path)
    with pytest.raises(StorageError, match="damaged") as refused:
        await store.read(lambda t: t.findings.page(FindingFilter()))
    assert refused.value.remedy
    with pytest.raises(StorageError):
        await store.transact(lambda t: t.stacks.put(a_stack()))
    await store.close()


async def test_a_database_in_use_by_another_program_is_waited_for_and_then_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trueup.db"
    await (await open_store(path)).close()
    monkeypatch.setattr(
        "reconciler.storage.sqlite._SETTINGS", ("PRAGMA busy_timeout=50", "PRAGMA foreign_keys=ON")
    )
    store = await open_store(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="in use by another program"):
            await store.transact(lambda t: t.stacks.put(a_stack()))
        other.execute("ROLLBACK")
    await store.transact(lambda t: t.stacks.put(a_stack()))
    await store.close()


async def test_an_error_shows_no_value(store: Store) -> None:
    details = {"password": "correct-horse"}
    with pytest.raises(IntegrityError) as refused:
        await store.transact(
            lambda t: t.findings.put_many(
                [a_finding("f1", details=details, score=None, first_seen=NOW)]
            )
        )
    assert "correct-horse" not in str(refused.value)
    assert "correct-horse" not in str(refused.value.__cause__)


def _damage(path: Path, table: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)


async def test_a_database_removed_while_it_is_open_is_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "a folder? with #odd %41 names" / "trueup.db"
    store = await open_store(path)
    assert isinstance(store, SqlStore)
    path.unlink()
    with pytest.raises(StorageError, match="No such file or directory"):
        await store.read(lambda view: view.stacks.all())
    assert not path.exists()
    await store.close()
