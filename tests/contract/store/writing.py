"""Short ways to write in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from reconciler.stores import Store, Transaction

T = TypeVar("T")
R = TypeVar("R")


async def each(store: Store, write: Callable[[Transaction, T], R], values: Iterable[T]) -> list[R]:
    """Write each value in a transaction of its own; return what came of each."""
    return [await store.transact(partial(_write, write, value)) for value in values]


def _write(write: Callable[[Transaction, T], R], value: T, transaction: Transaction) -> R:
    return write(transaction, value)
