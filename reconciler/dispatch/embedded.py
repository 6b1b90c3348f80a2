"""The dispatcher of a single daemon: timers in memory, work on the loop.

Timers are wake-ups only. What is due stands in the store, so a timer that is lost costs a
delay until the next sweep. They run on the loop's own clock, which never jumps: a wall clock
that is set back an hour must not keep the sweep waiting for an hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from reconciler.dispatch.calendar import Calendar, Daily
from reconciler.dispatch.lanes import Ended, Lanes
from reconciler.domain.model import StackName
from reconciler.domain.records import RemediationId
from reconciler.domain.wakeups import ScanStack, WakeUp
from reconciler.ports import Clock

SCANS_AT_ONCE: Final = 4
ADVANCES_AT_ONCE: Final = 4
SLOT_S: Final = 60.0
AFTER_DEFECT_S: Final = 60.0

Scan = Callable[[StackName], Awaitable[object]]
Advance = Callable[[RemediationId], Awaitable[object]]
Chore = Callable[[], Awaitable[None]]


class EmbeddedDispatcher:
    """Takes the wake-ups of a store, and calls `scan` and `advance` when they are due.

    It is made and used on one running loop; called from anywhere else it raises RuntimeError.
    """

    def __init__(self, *, clock: Clock, failed: Ended) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._scans: _Timed | None = None
        self._advances: _Timed | None = None
        self._failed = failed
        self._chores: list[_Chore] = []
        self._calendar = Calendar()
        self._daily: list[Lanes] = []

    def start(self, *, scan: Scan, advance: Advance) -> None:
        """Begin; what was woken before is found by a sweep."""

        async def scan_one(key: str) -> None:
            await scan(StackName(key))

        async def advance_one(key: str) -> None:
            await advance(RemediationId(key))

        self._scans = _Timed(scan_one, at_once=SCANS_AT_ONCE, failed=self._failed)
        self._advances = _Timed(advance_one, at_once=ADVANCES_AT_ONCE, failed=self._failed)

    def wake(self, wakeups: Sequence[WakeUp]) -> None:
        """Have each looked at when it is due; of two wake-ups of one the sooner counts."""
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("a dispatcher is used on its own loop only")
        for wakeup in wakeups:
            timed, key = self._of(wakeup)
            if timed is not None:
                timed.wake(key, after_s=self._until(wakeup.due))

    def every(self, span: timedelta, chore: Chore, *, name: str) -> None:
        """Run `chore` now and again and again; a run that is late delays only itself.

        Now, because a daemon that is restarted more often would never come to it.
        """
        self._chores.append(_Chore(chore, name, span.total_seconds(), self._failed))

    def daily(self, at: Daily, chore: Chore, *, name: str) -> None:
        """Run `chore` now, and each day at `at` by the host's calendar."""
        lanes = _lanes_of(chore, self._failed)
        self._daily.append(lanes)
        lanes.wake(name)
        self._calendar.ring(at, lambda: lanes.wake(name), name=name)

    @property
    def busy(self) -> int:
        """How many scans and remediations are being worked on or wait for a place."""
        return sum(timed.lanes.busy for timed in (self._scans, self._advances) if timed is not None)

    async def close(self) -> None:
        """End every timer and all work; what a runner does goes on without us."""
        await self._calendar.close()
        for worker in (self._scans, self._advances, *self._chores, *self._daily):
            if worker is not None:
                await worker.close()

    def _of(self, wakeup: WakeUp) -> tuple[_Timed | None, str]:
        if isinstance(wakeup, ScanStack):
            return self._scans, wakeup.stack
        return self._advances, wakeup.remediation

    def _until(self, due: datetime | None) -> float:
        return 0.0 if due is None else (due - self._clock.now()).total_seconds()


def _lanes_of(chore: Chore, failed: Ended) -> Lanes:
    async def work(_key: str) -> None:
        await chore()

    return Lanes(work, at_once=1, slot_s=SLOT_S, failed=failed)


class _Timed:
    """Lanes with a timer per key, and a rest for a key whose work failed.

    Without the rest a defect would be met again at every sweep, with a crash log each time.
    """

    def __init__(
        self, work: Callable[[str], Awaitable[None]], *, at_once: int, failed: Ended
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._resting: dict[str, float] = {}
        self._failed = failed
        self.lanes = Lanes(work, at_once=at_once, slot_s=SLOT_S, failed=self._rest)

    def wake(self, key: str, *, after_s: float) -> None:
        """Hint at `key` after `after_s` seconds, or when it has rested."""
        now = self._loop.time()
        moment = max(now + after_s, self._resting.get(key, 0.0))
        if moment <= now:
            self._resting.pop(key, None)
            self.lanes.wake(key)
            return
        known = self._timers.get(key)
        if known is not None:
            if known.when() <= moment:
                return
            known.cancel()
        self._timers[key] = self._loop.call_at(moment, self._ring, key)

    def _ring(self, key: str) -> None:
        del self._timers[key]
        self._resting.pop(key, None)
        self.lanes.wake(key)

    def _rest(self, key: str, error: BaseException) -> None:
        self._resting[key] = self._loop.time() + AFTER_DEFECT_S
        self._failed(key, error)
        self.wake(key, after_s=AFTER_DEFECT_S)

    async def close(self) -> None:
        """End every timer and all work."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await self.lanes.close()


class _Chore:
    """One piece of work that comes again and again."""

    def __init__(self, chore: Chore, name: str, every_s: float, failed: Ended) -> None:
        self._name, self._every_s = name, every_s
        self._lanes = _lanes_of(chore, failed)
        self._loop = asyncio.get_running_loop()
        self._ring()

    def _ring(self) -> None:
        self._lanes.wake(self._name)
        self._timer = self._loop.call_later(self._every_s, self._ring)

    async def close(self) -> None:
        """Run it no more."""
        self._timer.cancel()
        await self._lanes.close()
