"""Every store there is. A new one joins by a function in `STORES`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from reconciler.stores import Store
from tests.empty_database import open_empty_store
from tests.memory_store.store import MemoryStore, no_data

Opener = Callable[[], Awaitable[Store]]


def sqlite_store(request: pytest.FixtureRequest) -> Opener:
    folder: Path = request.getfixturevalue("tmp_path")
    return lambda: open_empty_store(folder / "data" / "trueup.db")


def memory_store(_request: pytest.FixtureRequest) -> Opener:
    data = no_data()

    async def open_store() -> Store:
        return MemoryStore(data)

    return open_store


STORES: Final[dict[str, Callable[[pytest.FixtureRequest], Opener]]] = {
    "sqlite": sqlite_store,
    "memory": memory_store,
}
THREADED: Final = [name for name in STORES if name != "memory"]
"""Stores whose transactions run beside the loop, and so beside each other."""


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest) -> Opener:
    """Open the same data each time it is called, empty at first."""
    return STORES[request.param](request)


@pytest.fixture
async def store(opener: Opener) -> AsyncIterator[Store]:
    """An empty store."""
    opened = await opener()
    yield opened
    await opened.close()
