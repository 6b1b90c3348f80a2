"""The dispatcher of a single daemon: APScheduler's timers in memory, work on the loop.

The timers are only a clock. What is due stands in the store, so a daemon that starts
again makes them anew, and a lost one costs a delay until the next sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from reconciler.dispatch.lanes import Ended, Lanes
from reconciler.domain.model import StackName
from reconciler.domain.records import RemediationId

PASSES_AT_ONCE: Final = 4
ADVANCES_AT_ONCE: Final = 4
SLOT_S: Final = 60.0
AFTER_DEFECT_S: Final = 60.0

Scan = Callable[[StackName], Awaitable[timedelta | None]]
Advance = Callable[[RemediationId], Awaitable[None]]
Chore = Callable[[], Awaitable[None]]


class EmbeddedDispatcher:
    """Implements `reconciler.ports.Dispatcher`; made and used on one running loop."""

    def __init__(self, *, failed: Ended) -> None:
        self._failed = failed
        self._timers = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._passes: Lanes | None = None
        self._advances: Lanes | None = None
        self._scan: Scan | None = None
        self._chores: list[Lanes] = []

    def start(self, *, scan: Scan, advance: Advance) -> None:
        """Begin: `scan(stack)` says after what time it wants to be called again, None for never."""

        async def advance_one(key: str) -> None:
            await advance(RemediationId(key))

        self._scan = scan
        self._passes = Lanes(
            self._pass, at_once=PASSES_AT_ONCE, slot_s=SLOT_S, failed=self._pass_failed
        )
        self._advances = Lanes(
            advance_one, at_once=ADVANCES_AT_ONCE, slot_s=SLOT_S, failed=self._failed
        )
        self._timers.start()

    def scan_soon(self, stack: StackName, *, after_s: float = 0.0) -> None:
        """See `Dispatcher.scan_soon`; of two hints the sooner one counts."""
        self._hint(self._passes, "scan", stack, after_s)

    def advance_soon(self, remediation_id: RemediationId, *, after_s: float = 0.0) -> None:
        """See `Dispatcher.advance_soon`; of two hints the sooner one counts."""
        self._hint(self._advances, "advance", remediation_id, after_s)

    def every(self, span: timedelta, chore: Chore, *, name: str) -> None:
        """Run `chore` now and again and again; a run that is late delays only itself.

        Now, because a daemon that is restarted more often would never come to it.
        """

        async def work(_key: str) -> None:
            await chore()

        lane = Lanes(work, at_once=1, slot_s=SLOT_S, failed=self._failed)
        self._chores.append(lane)
        lane.hint(name)
        self._timers.add_job(_hint_later, IntervalTrigger(seconds=span.total_seconds()),
                             args=(lane, name), id=f"chore:{name}")  # fmt: skip

    def forget(self, stack: StackName) -> None:
        """Drop a timer that is set for `stack`."""
        try:
            self._timers.remove_job(f"scan:{stack}")
        except JobLookupError:
            return

    @property
    def busy(self) -> int:
        """How many passes and remediations are being worked on or wait for a place."""
        return sum(lanes.busy for lanes in (self._passes, self._advances) if lanes is not None)

    async def close(self) -> None:
        """End every timer and all work; what a runner does goes on without us."""
        if self._timers.running:
            self._timers.shutdown(wait=False)
            # The scheduler ends itself by a callback of the loop, and must get its turn.
            await asyncio.sleep(0)
        for lanes in (self._passes, self._advances, *self._chores):
            if lanes is not None:
                await lanes.close()

    def _hint(self, lanes: Lanes | None, kind: str, key: str, after_s: float) -> None:
        if lanes is None:
            return  # not started yet: what is due will be found in the store
        if after_s <= 0:
            lanes.hint(key)
            return
        moment = datetime.now(UTC) + timedelta(seconds=after_s)
        known = self._timers.get_job(f"{kind}:{key}")
        if known is not None and known.next_run_time <= moment:
            return
        self._timers.add_job(_hint_later, DateTrigger(moment), args=(lanes, key),
                             id=f"{kind}:{key}", replace_existing=True)  # fmt: skip

    async def _pass(self, key: str) -> None:
        assert self._scan is not None  # noqa: S101 - lanes exist only after `start`
        again_after = await self._scan(StackName(key))
        if again_after is not None:
            self.scan_soon(StackName(key), after_s=again_after.total_seconds())

    def _pass_failed(self, key: str, error: BaseException) -> None:
        self._failed(key, error)
        self.scan_soon(StackName(key), after_s=AFTER_DEFECT_S)


async def _hint_later(lanes: Lanes, key: str) -> None:
    """Run on the loop because it is a coroutine; a plain function would get a thread."""
    lanes.hint(key)
