"""`stores.Store` in memory."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from reconciler.domain.errors import PermanentError, StorageError
from reconciler.domain.wakeups import WakeUp
from reconciler.stores import Transaction
from tests.memory_store.transaction import Data, MemoryTransaction

T = TypeVar("T")


def no_data() -> Data:
    """Return an empty disk; what is written stays on it when a store is closed."""
    return defaultdict(dict)


class MemoryStore:
    """Runs each transaction at once, on the loop's own thread.

    The work of one finds no running loop, as in the thread of a database.
    """

    def __init__(self, data: Data) -> None:
        self._transaction = MemoryTransaction(data)
        self._loop = asyncio.get_running_loop()
        self._events: dict[object, Callable[[int], None]] = {}
        self._wakes: dict[object, Callable[[Sequence[WakeUp]], None]] = {}
        self._closed = False

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work`; leave nothing of it when it raises.

        Raises:
            StorageError: the store is closed.
        """
        self._refuse_if_closed()
        done = self._transaction
        done.begin(reading=False)
        try:
            result = self._run(work)
        except BaseException:
            done.journal.take_back()
            raise
        if done.event_numbers:
            self._tell(self._events, max(done.event_numbers))
        if done.wakeups:
            self._tell(self._wakes, tuple(done.wakeups))
        if done.event_numbers or done.wakeups:
            await asyncio.sleep(0)
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on what is there.

        Raises:
            PermanentError: `work` tried to write.
            StorageError: the store is closed.
        """
        self._refuse_if_closed()
        self._transaction.begin(reading=True)
        result = self._run(work)
        if self._transaction.wakeups:
            raise PermanentError("a view commits nothing, so it can wake nobody")
        return result

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(newest seq)` on the loop after each commit that appended events."""
        return _added(self._events, listener)

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        """Call `listener(wake-ups)` on the loop after each commit that told of any."""
        return _added(self._wakes, listener)

    async def close(self) -> None:
        """Refuse whatever comes from now on."""
        self._closed = True

    def _run(self, work: Callable[[Transaction], T]) -> T:
        asyncio._set_running_loop(None)
        try:
            return work(cast("Transaction", self._transaction))
        finally:
            asyncio._set_running_loop(self._loop)

    def _tell(self, listeners: dict[object, Callable[[Any], None]], news: object) -> None:
        for listener in listeners.values():
            self._loop.call_soon(listener, news)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StorageError("the store in memory is closed", remedy="open it again")


def _added(listeners: dict[object, T], listener: T) -> Callable[[], None]:
    subscription = object()
    listeners[subscription] = listener

    def end() -> None:
        listeners.pop(subscription, None)

    return end
