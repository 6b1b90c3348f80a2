"""Warm processes by key: started once, replaced when dead, ended when idle or too large.

The pool knows nothing of what a key means; a caller makes it from all that a process
cannot change once it runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from iac_adapters.plugin_host.deaths import Deaths
from iac_adapters.plugin_host.errors import PluginCrashed

_WEIGHED_EVERY_S: Final = 15.0
_CHECKED_AT_LEAST_EVERY_S: Final = 0.05
_CHECKED_WHILE_BUSY_EVERY_S: Final = 0.05
# Whoever was handed a process has not asked it anything yet.
_IN_HAND_S: Final = 1.0


class Pooled(Protocol):
    """What the pool needs of a process."""

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
        ...

    @property
    def busy(self) -> bool:
        """Whether it is at work; it is then spared."""
        ...

    def memory_bytes(self) -> int:
        """Return how much memory it holds now; 0 when that cannot be told."""
        ...

    async def close(self) -> None:
        """End it; closing twice is closing once."""
        ...


P = TypeVar("P", bound=Pooled)
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class _Slot(Generic[P]):
    process: P | None = None
    weight: int = 0
    used_at_s: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    deaths: Deaths = field(default_factory=Deaths)


class PluginPool(Generic[P]):
    """One process per key.

    `max_processes` and `max_bytes` are kept by ending the longest unused ones first. One
    that is at work is never ended, nor is the last one used: while all others are at work
    both may be exceeded. A process is weighed when it is added, and all are every 15 s.
    """

    def __init__(
        self,
        *,
        idle_s: float,
        max_processes: int,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._idle_s = idle_s
        self._max_processes = max_processes
        self._max_bytes = max_bytes
        self._clock = clock
        self._sleep = sleep
        self._slots: dict[str, _Slot[P]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._retired: set[asyncio.Task[None]] = set()
        self._reaper: asyncio.Task[None] | None = None
        self._closed = False

    async def get(self, key: str, start: Callable[[], Awaitable[P]]) -> P:
        """Return the live process of `key`, started by `start` when there is none.

        All who ask together get the same one. After a death the next start waits a
        little longer each time; after a failed start its error stands for as long.

        Raises:
            PluginCrashed: it died 10 times within a minute, or the pool is closed.
            Exception: whatever `start` raised.
        """
        slot = self._slots.setdefault(key, _Slot())
        async with slot.lock:
            added = slot.process is None or not slot.process.alive
            if slot.process is None or added:
                slot.process = await self._replace(key, slot, start)
                self._weigh(slot)
            slot.used_at_s = self._clock()
            process = slot.process
        if added:
            self._trim()
        return process

    def adopt(self, key: str, process: P) -> bool:
        """Take over a running process; False when `key` has or is getting one."""
        slot = self._slots.setdefault(key, _Slot())
        if self._closed or slot.lock.locked():
            return False
        if slot.process is not None and slot.process.alive:
            return slot.process is process
        slot.process, slot.used_at_s = process, self._clock()
        self._weigh(slot)
        self._watch()
        self._trim()
        return True

    async def discard(self, key: str, process: P) -> None:
        """End `process`; `key` gets a new one when it is next asked for."""
        slot = self._slots.get(key)
        if slot is not None and slot.process is process:
            if not process.alive:
                slot.deaths.note(self._clock())
            slot.process = None
        await process.close()

    def retire(self, key: str, process: P) -> None:
        """Hand `process` out no more, and end it once it has answered what it was asked."""
        slot = self._slots.get(key)
        if slot is None or slot.process is not process:
            return  # whoever took it from its key ends it
        slot.process = None
        task = asyncio.create_task(self._close_when_idle(process))
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    async def close(self) -> None:
        """End every process; closing twice is closing once."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        for slot in tuple(self._slots.values()):
            async with slot.lock:  # a start under way ends first, so that nothing is lost
                self._end(slot)
        await asyncio.gather(*self._ending, *self._retired, return_exceptions=True)

    async def _replace(self, key: str, slot: _Slot[P], start: Callable[[], Awaitable[P]]) -> P:
        if self._closed:
            raise PluginCrashed("the plugin pool is closed")
        if slot.process is not None:
            slot.deaths.note(self._clock())
            self._end(slot)
        waiting_s = slot.deaths.waiting_s(self._clock(), label=key[:12])
        if waiting_s > 0:
            await self._sleep(waiting_s)
        try:
            process = await start()
        except Exception as error:
            slot.deaths.note(self._clock())
            slot.deaths.failure = error
            raise
        if self._was_closed():
            await process.close()
            raise PluginCrashed("the plugin pool is closed")
        slot.deaths.failure = None
        self._watch()
        return process

    def _was_closed(self) -> bool:
        return self._closed

    def _weigh(self, slot: _Slot[P]) -> None:
        if self._max_bytes is not None and slot.process is not None:
            slot.weight = slot.process.memory_bytes()

    def _trim(self) -> None:
        """End the longest unused until both limits are kept, or only what must stay is left."""
        running = [s for s in self._slots.values() if s.process is not None and s.process.alive]
        running.sort(key=lambda slot: slot.used_at_s)
        surplus = len(running) - self._max_processes
        surplus_bytes = sum(slot.weight for slot in running) - (self._max_bytes or 0)
        now_s = self._clock()
        for slot in running[:-1]:
            if surplus <= 0 and surplus_bytes <= 0:
                return
            if now_s - slot.used_at_s >= _IN_HAND_S and not _at_work(slot):
                self._end(slot)
                surplus -= 1
                surplus_bytes -= slot.weight

    def _watch(self) -> None:
        if self._reaper is None or self._reaper.done():
            self._reaper = asyncio.create_task(self._reap())

    async def _reap(self) -> None:
        every_s = max(_CHECKED_AT_LEAST_EVERY_S, self._idle_s / 4)
        if self._max_bytes is not None:
            every_s = min(every_s, _WEIGHED_EVERY_S)
        while any(slot.process is not None for slot in self._slots.values()):
            await self._sleep(every_s)
            self._end_idle()
            for slot in self._slots.values():
                self._weigh(slot)
            self._trim()

    def _end_idle(self) -> None:
        """End what was idle for too long, and forget the keys nothing is known of any more."""
        now_s = self._clock()
        for key, slot in tuple(self._slots.items()):
            if _at_work(slot):
                slot.used_at_s = now_s
                continue
            if now_s - slot.used_at_s >= self._idle_s:
                self._end(slot)
            if slot.process is None and slot.deaths.forgotten(now_s):
                del self._slots[key]

    def _end(self, slot: _Slot[P]) -> None:
        process, slot.process = slot.process, None
        if process is not None:
            task: asyncio.Task[None] = asyncio.create_task(_close(process))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _close_when_idle(self, process: P) -> None:
        # Sleeping first also gives those a chance who were handed it and have not asked yet.
        while not self._closed and process.alive:
            await self._sleep(_CHECKED_WHILE_BUSY_EVERY_S)
            if not process.busy:
                break
        await process.close()


def _at_work(slot: _Slot[P]) -> bool:
    return slot.lock.locked() or (slot.process is not None and slot.process.busy)


async def _close(process: Pooled) -> None:
    await process.close()
