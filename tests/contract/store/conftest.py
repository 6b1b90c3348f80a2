"""Every store there is. A new one joins by a function in `STORES`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from reconciler.stores import Store
from tests.empty_database import open_empty_store

Opener = Callable[[], Awaitable[Store]]


def sqlite_store(request: pytest.FixtureRequest) -> Opener:
    folder: Path = request.getfixturevalue("tmp_path")
    return lambda: open_empty_store(folder / "data" / "trueup.db")


STORES: Final[dict[str, Callable[[pytest.FixtureRequest], Opener]]] = {"sqlite": sqlite_store}


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
