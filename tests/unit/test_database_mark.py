"""The mark that ties a database to its key, and the hold that outlives a database."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from reconciler.bootstrap.database_mark import DATABASE, MARK, open_known_store
from reconciler.bootstrap.hold_file import HOLD
from reconciler.bootstrap.keepsakes import Keepsakes
from reconciler.domain.errors import PermanentError
from reconciler.domain.events import HoldReleased, HoldSet
from reconciler.domain.records import Hold
from reconciler.engine.journal import audit, emit
from reconciler.stores import Transaction
from reconciler.wire import mapping
from tests.fakes import FakeClock

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
CLOCK = FakeClock()


async def served(
    data_dir: Path, *, key: bytes = KEY, hold: Hold | None = None, release: bool = False
) -> Hold | None:
    """Serve `data_dir` for a moment; return what holds at its end."""
    await asyncio.to_thread(data_dir.mkdir, exist_ok=True)
    store = await open_known_store(data_dir, key, accept_new=False)
    kept = Keepsakes(store, data_dir, key)
    try:
        await kept.start(CLOCK, accepted_new=False)
        if hold is not None or release:
            action = "hold.released" if release else "hold.set"
            told = HoldReleased(by="ann") if hold is None else mapping.shown(HoldSet, hold)

            def work(tx: Transaction) -> None:
                for known in tx.holds.all() if hold is None else ():
                    tx.holds.remove(known)
                if hold is not None:
                    tx.holds.put(hold)
                audit(tx, action, "hold", at=CLOCK.now())
                emit(tx, action, "hold", told, at=CLOCK.now())

            await store.transact(work)
        return await store.read(lambda view: view.holds.get())
    finally:
        await kept.close()
        await store.close()


async def test_a_database_that_goes_on_is_opened_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        await served(tmp_path / "data")


async def test_a_mark_that_is_behind_its_database_is_no_reason_to_refuse(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    await served(data_dir)
    mark = (data_dir / MARK).read_bytes()
    await served(data_dir)
    (data_dir / MARK).write_bytes(mark)
    await served(data_dir)


async def test_a_database_without_a_mark_is_taken_up(tmp_path: Path) -> None:
    await served(tmp_path / "data")
    (tmp_path / "data" / MARK).unlink()
    await served(tmp_path / "data")
    assert (tmp_path / "data" / MARK).exists()


async def test_another_database_and_another_key_are_refused(tmp_path: Path) -> None:
    await served(tmp_path / "mine")
    CLOCK.move(hours=1)
    for _ in range(2):
        await served(tmp_path / "other")
    with pytest.raises(PermanentError, match="is not the key"):
        await served(tmp_path / "mine", key=OTHER_KEY)
    shutil.copy(tmp_path / "other" / DATABASE, tmp_path / "mine")
    with pytest.raises(PermanentError, match="is another database") as caught:
        await served(tmp_path / "mine")
    assert "--accept-new-database" in str(caught.value.remedy)


async def test_a_damaged_mark_is_refused(tmp_path: Path) -> None:
    await served(tmp_path / "data")
    (tmp_path / "data" / MARK).write_text("{}")
    with pytest.raises(PermanentError, match="damaged"):
        await served(tmp_path / "data")


async def test_a_hold_file_that_nobody_can_read_holds(tmp_path: Path) -> None:
    await served(tmp_path / "data")
    (tmp_path / "data" / HOLD).write_text("{")
    holds = await served(tmp_path / "data")
    assert holds is not None
    assert "cannot be read" in holds.reason


async def test_a_release_stays_when_the_process_ended_before_it_removed_the_file(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    held = Hold(by="ann", reason="for a while", since=CLOCK.now())
    assert await served(data_dir, hold=held) == held
    file = (data_dir / HOLD).read_bytes()
    assert await served(data_dir, release=True) is None
    assert not (data_dir / HOLD).exists()
    (data_dir / HOLD).write_bytes(file)
    assert await served(data_dir) is None
    assert not (data_dir / HOLD).exists()
