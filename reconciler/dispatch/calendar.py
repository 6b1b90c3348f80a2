"""Work that belongs to an hour of the day, by the host's own calendar and time zone.

Here the wall clock is what counts: a clock that is set moves the hour with it. Whatever must
not wait for a clock that was set back stands in the store and is found by the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger


@dataclass(frozen=True, slots=True)
class Daily:
    """A time of each day, local."""

    hour: int
    minute: int = 0
    second: int = 0


class Calendar:
    """Calls back at hours of the day; made and used on one running loop."""

    def __init__(self) -> None:
        self._timers = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def ring(self, at: Daily, call: Callable[[], None], *, name: str) -> None:
        """Call `call` on the loop each day at `at`; a time the host slept through is made up."""

        async def on_the_loop() -> None:  # a plain function would get a thread
            call()

        trigger = CronTrigger(hour=at.hour, minute=at.minute, second=at.second)
        self._timers.add_job(on_the_loop, trigger, id=name)
        if not self._timers.running:
            self._timers.start()

    async def close(self) -> None:
        """Call nothing any more."""
        if not self._timers.running:
            return
        self._timers.shutdown(wait=False)
        # The scheduler ends itself by a callback of the loop, and must get its turn.
        await asyncio.sleep(0)
