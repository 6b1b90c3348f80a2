"""Warm processes by key: started once, replaced when dead, ended when idle.

The pool knows nothing of what a key means; a caller makes it from all that a process
cannot change once it runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from iac_adapters.plugin_host.errors import PluginCrashed

_FIRST_DELAY_S: Final = 0.2
_LONGEST_DELAY_S: Final = 10.0
_DEATHS: Final = 10
_MEMORY_S: Final = 60.0


class Pooled(Protocol):
    """What the pool needs of a process; a `busy` attribute spares it while it works."""

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
        ...

    async def close(self) -> None:
        """End it; closing twice is closing once."""
        ...


P = TypeVar("P", bound=Pooled)
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class _Slot(Generic[P]):
    process: P | None = None
    used_at_s: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    deaths_at_s: list[float] = field(default_factory=list)
    failure: Exception | None = None
    retry_at_s: float = 0.0


class PluginPool(Generic[P]):
    """One process per key.

    `max_processes` is kept by ending the longest unused one first; one that is at work
    is never ended, so the number may be exceeded while all are.
    """

    def __init__(
        self,
        *,
        idle_s: float,
        max_processes: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._idle_s = idle_s
        self._max_processes = max_processes
        self._clock = clock
        self._sleep = sleep
        self._slots: dict[str, _Slot[P]] = {}
        self._ending: set[asyncio.Task[None]] = set()
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
            if slot.process is None or not slot.process.alive:
                slot.process = await self._replace(key, slot, start)
            slot.used_at_s = self._clock()
            process = slot.process
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
        self._watch_idle()
        return True

    async def discard(self, key: str, process: P) -> None:
        """End `process`; `key` gets a new one when it is next asked for."""
        slot = self._slots.get(key)
        if slot is not None and slot.process is process:
            if not process.alive:
                self._note_death(slot)
            slot.process = None
        await process.close()

    async def close(self) -> None:
        """End every process; closing twice is closing once."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        for slot in tuple(self._slots.values()):
            async with slot.lock:  # a start under way ends first, so that nothing is lost
                self._end(slot)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _replace(self, key: str, slot: _Slot[P], start: Callable[[], Awaitable[P]]) -> P:
        if self._closed:
            raise PluginCrashed("the plugin pool is closed")
        if slot.process is not None:
            self._note_death(slot)
            self._end(slot)
        await self._wait_after_deaths(key, slot)
        try:
            process = await start()
        except Exception as error:
            self._note_death(slot)
            slot.failure = error
            raise
        if self._was_closed():
            await process.close()
            raise PluginCrashed("the plugin pool is closed")
        slot.failure = None
        self._watch_idle()
        return process

    def _was_closed(self) -> bool:
        return self._closed

    async def _wait_after_deaths(self, key: str, slot: _Slot[P]) -> None:
        now_s = self._clock()
        slot.deaths_at_s = [at for at in slot.deaths_at_s if now_s - at < _MEMORY_S]
        waiting_s = slot.retry_at_s - now_s if slot.deaths_at_s else 0.0
        if slot.failure is not None and waiting_s > 0:
            raise slot.failure
        if len(slot.deaths_at_s) >= _DEATHS:
            raise slot.failure or PluginCrashed(
                f"a plugin crashed {_DEATHS} times within {_MEMORY_S:g} s and is left alone for now"
                f" ({key[:12]})"
            )
        if waiting_s > 0:
            await self._sleep(waiting_s)

    def _note_death(self, slot: _Slot[P]) -> None:
        now_s = self._clock()
        slot.deaths_at_s.append(now_s)
        # The first death is forgiven: most are single.
        count = len(slot.deaths_at_s) - 1
        delay_s = 0.0 if count == 0 else min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** (count - 1))
        slot.retry_at_s = now_s + delay_s

    def _trim(self) -> None:
        running = [s for s in self._slots.values() if s.process is not None and s.process.alive]
        surplus = len(running) - self._max_processes
        newest = max((slot.used_at_s for slot in running), default=0.0)
        for slot in sorted(running, key=lambda one: one.used_at_s):
            if surplus <= 0:
                return
            if slot.used_at_s < newest and not slot.lock.locked() and not _busy(slot.process):
                self._end(slot)
                surplus -= 1

    def _watch_idle(self) -> None:
        if self._reaper is None or self._reaper.done():
            self._reaper = asyncio.create_task(self._reap())

    async def _reap(self) -> None:
        while any(slot.process is not None for slot in self._slots.values()):
            await self._sleep(max(0.05, self._idle_s / 4))
            now_s = self._clock()
            for slot in self._slots.values():
                if slot.process is None or slot.lock.locked():
                    continue
                if _busy(slot.process):
                    slot.used_at_s = now_s
                elif now_s - slot.used_at_s >= self._idle_s:
                    self._end(slot)

    def _end(self, slot: _Slot[P]) -> None:
        process, slot.process = slot.process, None
        if process is not None:
            task: asyncio.Task[None] = asyncio.create_task(_close(process))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


async def _close(process: Pooled) -> None:
    await process.close()


def _busy(process: Pooled | None) -> bool:
    return bool(getattr(process, "busy", False))
