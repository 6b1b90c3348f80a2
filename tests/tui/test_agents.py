"""The hosts that report."""

from __future__ import annotations

from tests.api.speaking_agent import SpeakingAgent
from tests.client.conftest import Served
from tests.tui.conftest import seated


async def test_enter_shows_a_host_in_full(served: Served) -> None:
    await SpeakingAgent.enrolled(served.desk)
    async with seated(served) as seat:
        await seat.press("7")
        await seat.until("web-1")
        await seat.press("enter")
        await seat.until("last_seen_at")
        await seat.press("escape")
        await seat.until("7 Agents")
