"""Keeps the files beside the database true: the mark and the hold."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import structlog

from reconciler.bootstrap.database_mark import Mark, lack_of, made_now, read_mark, write_mark
from reconciler.bootstrap.hold_file import held_by_file, mirror_holds, restore_holds
from reconciler.domain.records import Hold
from reconciler.engine.journal import audit
from reconciler.engine.void_approvals import void_approvals
from reconciler.ports import Clock
from reconciler.stores import Store, Transaction

_PAUSE_S: Final = 0.2
_log = structlog.get_logger()


class Keepsakes:
    """Writes, after each commit that was of interest, what must outlive the database."""

    def __init__(self, store: Store, data_dir: Path, key: bytes) -> None:
        self._store = store
        self._data_dir = data_dir
        self._key = key
        self._kept: tuple[Mark | None, tuple[Hold, ...]] | None = None
        self._news = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def start(self, clock: Clock, *, accepted_new: bool) -> None:
        """Put back the holds that only the file knows, note the start, and follow from now on.

        No approval counts of a database that may lack what was decided later: one that was
        accepted in the place of another, or that came without its mark. A service may accept
        any at each of its starts, and have the newest all the same.

        Raises:
            PermanentError: its mark cannot be read.
            StorageError: the database cannot be written.
            OSError: the data directory cannot.
        """
        at = clock.now()
        found = await asyncio.to_thread(held_by_file, self._data_dir, now=at)
        mark = await asyncio.to_thread(read_mark, self._data_dir)

        def begin(tx: Transaction) -> tuple[Hold, ...]:
            is_newest = mark is not None and (
                not accepted_new or lack_of(tx, mark, self._key) is None
            )
            restored = restore_holds(tx, found, at=at)
            details = {"accepted_new_database": True} if accepted_new else {}
            audit(tx, "daemon.started", "daemon", at=at, details=details)
            why = "the database is not the newest; what was decided since is lost"
            if not is_newest and (voided := void_approvals(tx, at=at, why=why)):
                _log.warning("approvals_voided", remediations=voided)
            return restored

        for hold in await self._store.transact(begin):
            _log.warning("hold_restored", by=hold.by, reason=hold.reason, scope=hold.scope)
        await self.write()
        self._store.on_event(lambda _seq: self._news.set())
        self._following = asyncio.create_task(self._follow(), name="keepsakes")

    async def write(self) -> None:
        """Write what is not as it was written last."""
        mark, holds = now = await self._store.read(
            lambda view: (made_now(view, self._key), view.holds.all())
        )
        if now == self._kept:
            return
        if mark is not None:
            await asyncio.to_thread(write_mark, self._data_dir, mark)
        await asyncio.to_thread(mirror_holds, self._data_dir, holds)
        self._kept = now

    async def close(self) -> None:
        """Follow no more; what was committed last is written."""
        if self._following is None:
            return
        self._following.cancel()
        await asyncio.wait({self._following})
        await self._try_to_write()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._try_to_write()
            await asyncio.sleep(_PAUSE_S)

    async def _try_to_write(self) -> None:
        try:
            await self.write()
        except Exception as error:  # noqa: BLE001 - the database itself tells of a full disk
            _log.error("mark_not_written", reason=type(error).__name__)
