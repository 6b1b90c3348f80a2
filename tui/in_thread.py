"""Something that blocks, done in a thread that nobody waits for when the terminal UI is left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises.

    Not `asyncio.to_thread`: at its end a loop waits for the threads of that.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(put: Callable[[Any], None], what: object) -> None:
        if not done.done():
            put(what)

    def run() -> None:
        put: Callable[[Any], None] = done.set_result
        try:
            what: object = work()
        except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
            put, what = done.set_exception, error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, put, what)

    threading.Thread(target=run, daemon=True).start()
    return await done
