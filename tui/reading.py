"""What is read again whenever it may have changed, by a read that is never cut short by the next.

A read that each event cancelled would not end while events come faster than the daemon answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PAUSE_S: Final = 1.0
"""Between two reads of the same list; a storm of events must not become one of requests."""


class Reading:
    """Calls `read`, and again after a pause when that was asked for meanwhile."""

    def __init__(self, read: Callable[[], Awaitable[None]]) -> None:
        self._read = read
        self._wanted = False
        self._runs = False

    def wanted(self) -> bool:
        """Note that it is wanted; return whether somebody has to start `run`."""
        self._wanted = True
        return not self._runs

    async def run(self) -> None:
        """Read until nobody wants it any more."""
        if self._runs:
            return
        self._runs = True
        try:
            while self._wanted:
                self._wanted = False
                await self._read()
                await asyncio.sleep(PAUSE_S)
        finally:
            self._runs = False
