from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from reconciler.dispatch.calendar import Calendar, Daily
from tests.patience import PATIENCE_S


async def test_it_rings_at_the_time_it_was_given() -> None:
    calendar, rung = Calendar(), asyncio.Event()
    now = datetime.now().astimezone()
    # A moment that is over before it is asked for comes tomorrow: one of these is ahead.
    for after_s in range(2, 62):
        soon = now + timedelta(seconds=after_s)
        at = Daily(soon.hour, soon.minute, soon.second)
        calendar.ring(at, rung.set, name=f"chore {after_s}")
    try:
        assert not rung.is_set()
        await asyncio.wait_for(rung.wait(), PATIENCE_S)
    finally:
        await calendar.close()


async def test_a_closed_calendar_rings_nothing() -> None:
    calendar = Calendar()
    await calendar.close()
    calendar.ring(Daily(3), lambda: None, name="chore")
    await calendar.close()
    await calendar.close()
