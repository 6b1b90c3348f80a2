"""Waiting for what happens in other processes, for as long as a busy machine may need.

And the other way round: having a limit of time be over when a test says so. A limit that is
short instead is sometimes over before what it is to end has begun.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import psutil

PATIENCE_S: Final = 120.0


async def until(true: Callable[[], bool]) -> None:
    """Return as soon as it is true; a test that waits for what never comes fails."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - it becomes true in another process
            await asyncio.sleep(0.02)


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended, be it that nobody has asked yet how.

    It may end between two questions about it.
    """
    try:
        return process.status() == psutil.STATUS_ZOMBIE or not process.is_running()
    except psutil.Error:
        return True


def wait_until(true: Callable[[], bool]) -> None:
    """Return as soon as it is true, as `until` does, where there is no event loop."""
    limit = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > limit:
            raise TimeoutError
        time.sleep(0.02)


def let_pass(seconds: float) -> None:
    """Have the running loop take `seconds` for gone: what it waits for until then is due now."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
