"""Work by key: each key's runs one after the other, different keys side by side.

A wake-up for a key that is being worked on means one more run after this one, however many
there were: what woke a run is no input to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

Work = Callable[[str], Awaitable[None]]
Ended = Callable[[str, BaseException], None]


@dataclass(slots=True)
class _Lane:
    task: asyncio.Task[None]
    again: bool = False


class Lanes:
    """Runs `work(key)` for every wake-up, at most `at_once` keys at the same time.

    A run that takes longer than `slot_s` seconds gives its place to others and goes on
    beside them, so a few that hang never hold up the rest.
    """

    def __init__(self, work: Work, *, at_once: int, slot_s: float, failed: Ended) -> None:
        self._work = work
        self._places = asyncio.Semaphore(at_once)
        self._slot_s = slot_s
        self._failed = failed
        self._lanes: dict[str, _Lane] = {}
        self._closed = False

    def wake(self, key: str) -> None:
        """Have `key` looked at, now or right after the run that is under way."""
        if self._closed:
            return
        lane = self._lanes.get(key)
        if lane is not None:
            lane.again = True
            return
        self._lanes[key] = _Lane(asyncio.create_task(self._run(key), name=key))

    @property
    def busy(self) -> int:
        """How many keys are being worked on or wait for a place."""
        return len(self._lanes)

    async def close(self) -> None:
        """Cancel what runs and return when it has ended; later wake-ups mean nothing."""
        self._closed = True
        tasks = [lane.task for lane in self._lanes.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str) -> None:
        try:
            async with self._place():
                await self._work(key)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the others go on; the listener decides
            self._failed(key, error)
        finally:
            lane = self._lanes.pop(key)
            if lane.again:
                self.wake(key)

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        await self._places.acquire()
        given_up = asyncio.get_running_loop().call_later(self._slot_s, self._places.release)
        try:
            yield
        finally:
            # Past its time the place was given to another already.
            if given_up.when() > asyncio.get_running_loop().time():
                given_up.cancel()
                self._places.release()
