from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from reconciler.dispatch.calendar import Calendar, Daily


async def test_it_rings_at_the_time_it_was_given() -> None:
    soon = datetime.now().astimezone() + timedelta(seconds=2)
    calendar, rung = Calendar(), asyncio.Event()
    calendar.ring(Daily(soon.hour, soon.minute, soon.second), rung.set, name="chore")
    try:
        assert not rung.is_set()
        await asyncio.wait_for(rung.wait(), 30)
    finally:
        await calendar.close()


async def test_a_closed_calendar_rings_nothing() -> None:
    calendar = Calendar()
    await calendar.close()
    calendar.ring(Daily(3), lambda: None, name="chore")
    await calendar.close()
    await calendar.close()
