"""The store: one thread that writes, a few that read, and word of each event on the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Generic, TypeVar

from sqlalchemy import Engine

from reconciler.domain.errors import PermanentError, StorageError
from reconciler.domain.wakeups import WakeUp
from reconciler.storage.agent_cache import AgentCache
from reconciler.storage.faults import LastingStorageError
from reconciler.storage.rows import Rows
from reconciler.storage.transaction import SqlTransaction
from reconciler.stores import Transaction

READERS: Final = 4
"""More would only wait for each other: reading holds the interpreter's lock half the time."""

T = TypeVar("T")


class SqlStore:
    """`stores.Store` on two engines: `writer` has one connection, `reader` has `READERS`.

    A transaction runs to its end once it has begun, whatever becomes of who awaits it. After
    a fault that lasts, such as a full disk, nothing is written until it is opened anew.
    """

    def __init__(self, *, path: Path, writer: Engine, reader: Engine) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._writing = ThreadPoolExecutor(1, "trueup-store-writer")
        self._reading = ThreadPoolExecutor(READERS, "trueup-store-reader")
        self._loop = asyncio.get_running_loop()
        self._events: _Listeners[int] = _Listeners(self._loop)
        self._wakes: _Listeners[Sequence[WakeUp]] = _Listeners(self._loop)
        self._agents = AgentCache()
        self._fault: LastingStorageError | None = None
        self._end: asyncio.Task[None] | None = None

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one durable writing transaction.

        Raises:
            StorageError: the database cannot be written, or the store is closed.
            Exception: whatever `work` raised; nothing of it is left.
        """
        self._refuse_if_closed()
        return await self._loop.run_in_executor(self._writing, self._write, work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view.

        Raises:
            StorageError: the database cannot be read, or the store is closed.
            PermanentError: `work` tried to write.
        """
        self._refuse_if_closed()
        return await self._loop.run_in_executor(self._reading, self._look, work)

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(newest seq)` on the loop after each commit that appended events."""
        return self._events.add(listener)

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        """Call `listener(wake-ups)` on the loop after each commit that told of any."""
        return self._wakes.add(listener)

    async def close(self) -> None:
        """Finish what was begun; closing twice is closing once."""
        if self._end is None:
            self._end = asyncio.create_task(asyncio.to_thread(self._shut))
        await asyncio.shield(self._end)

    def _write(self, work: Callable[[Transaction], T]) -> T:
        if self._fault is not None:
            raise StorageError(
                f"nothing is written any more since {self._fault}", remedy=self._fault.remedy
            )
        try:
            result, done = _run(self._writer, work, self._agents)
        except LastingStorageError as fault:
            self._fault = fault
            raise
        except BaseException:
            self._agents.clear()  # it may hold what was not committed
            raise
        if done.event_numbers:
            self._loop.call_soon_threadsafe(self._events.tell, max(done.event_numbers))
        if done.wakeups:
            self._loop.call_soon_threadsafe(self._wakes.tell, tuple(done.wakeups))
        return result

    def _look(self, work: Callable[[Transaction], T]) -> T:
        try:
            result, done = _run(self._reader, work, None)
        except LastingStorageError as fault:
            self._fault = fault
            raise
        if done.wakeups:
            raise PermanentError("a view commits nothing, so it can wake nobody")
        return result

    def _refuse_if_closed(self) -> None:
        if self._end is not None:
            raise StorageError(f"{self._path} is closed", remedy="start trueup again")

    def _shut(self) -> None:
        self._reading.shutdown()
        self._writing.shutdown()
        self._reader.dispose()
        self._writer.dispose()


class _Listeners(Generic[T]):
    """Who is told of commits; used on the loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._listeners: dict[object, Callable[[T], None]] = {}

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Tell `listener` from now on; return what ends that."""
        subscription = object()
        self._listeners[subscription] = listener

        def end() -> None:
            self._listeners.pop(subscription, None)

        return end

    def tell(self, news: T) -> None:
        """Tell everybody, each in a call of its own: one's mistake is not another's."""
        for subscription in self._listeners:
            self._loop.call_soon(self._tell, subscription, news)

    def _tell(self, subscription: object, news: T) -> None:
        listener = self._listeners.get(subscription)
        if listener is not None:
            listener(news)


def _run(
    engine: Engine, work: Callable[[Transaction], T], agents: AgentCache | None
) -> tuple[T, SqlTransaction]:
    """Run `work` in one transaction; return what it gave, and the transaction that is over."""
    with engine.begin() as connection:
        transaction = SqlTransaction.over(Rows(connection), agents=agents)
        result = work(transaction)
    return result, transaction
