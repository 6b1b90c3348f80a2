"""A database that was never used, copied: making one runs every migration, for 0.2 s."""

from __future__ import annotations

import asyncio
import tempfile
from functools import cache
from pathlib import Path

from reconciler.storage.sqlite import open_store
from reconciler.stores import Store


async def open_empty_store(path: Path) -> Store:
    """Open the database at `path` as `open_store` does; a missing one is copied, not migrated."""
    await asyncio.to_thread(_place, path)
    return await open_store(path)


def _place(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    async def make(path: Path) -> None:
        await (await open_store(path)).close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trueup.db"
        asyncio.run(make(path))
        # Closing left nothing in a journal beside the file, which would be missing in a copy.
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        return path.read_bytes()
