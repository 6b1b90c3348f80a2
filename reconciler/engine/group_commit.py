"""Many small writes in one transaction: each is answered when the disk has it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from reconciler.domain.errors import RetryableError
from reconciler.stores import Store, Transaction

Q = TypeVar("Q")
A = TypeVar("A")

_MOST_TOGETHER: Final = 256
_MOST_WAITING: Final = 2000


class GroupCommit(Generic[Q, A]):
    """Takes what comes while one transaction is written into the next one.

    `work` returns for each item its answer, or the error that this item alone gets; what it raises
    is every item's, and nothing of that transaction is left.
    """

    def __init__(
        self, store: Store, work: Callable[[Transaction, Sequence[Q]], Sequence[A | Exception]]
    ) -> None:
        self._store = store
        self._work = work
        self._waiting: deque[tuple[Q, Callable[[A | Exception], None]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def submit(self, item: Q) -> A:
        """Return the answer to `item`; the disk has it then.

        Raises:
            RetryableError: too many wait already; nothing was kept.
            StorageError: the database cannot be written.
            Exception: what `work` answered for this item.
        """
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self.add(item, lambda outcome: _settle(future, outcome))
        return await future

    def add(self, item: Q, done: Callable[[A | Exception], None]) -> None:
        """Have `done` called with the answer to `item`, once the disk has it, or with an error.

        A future and a task of its own for each item would take as long as all the rest of it.

        Raises:
            RetryableError: too many wait already; nothing was kept, and `done` is not called.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise RetryableError(f"{_MOST_WAITING} reports wait to be written")
        self._waiting.append((item, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="group-commit")

    async def _write(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), _MOST_TOGETHER)
                taken = [self._waiting.popleft() for _ in range(count)]
                await self._write_some(taken)
        finally:
            self._writing = None

    async def _write_some(self, taken: Sequence[tuple[Q, Callable[[A | Exception], None]]]) -> None:
        items = [item for item, _ in taken]
        answers: Sequence[A | Exception]
        try:
            answers = await self._store.transact(lambda tx: self._work(tx, items))
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            answers = [error] * len(taken)
        for (_, done), answer in zip(taken, answers, strict=True):
            try:
                done(answer)
            except Exception as error:  # noqa: BLE001 - the others must have their answers
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "an answer could not be given", "exception": error}
                )


def _settle(future: asyncio.Future[A], outcome: A | Exception) -> None:
    if future.done():
        return  # nobody waits for it any more; it is kept all the same
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
