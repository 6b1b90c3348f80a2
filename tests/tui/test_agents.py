"""The hosts that report."""

from __future__ import annotations

from tests.api.declared_hosts import DRIFTED, FORM, declared
from tests.api.desk import V1
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


async def test_what_is_accepted_of_a_host_is_shown(served: Served) -> None:
    agent = await SpeakingAgent.enrolled(served.desk)
    epoch = await declared(served.desk, FORM)
    await agent.send(agent.report(DRIFTED, scope=epoch))
    path = f"{V1}/agents/{agent.agent_id}/accept"
    await served.desk.approver.post(path, json={"reason": "as it is"})
    async with seated(served) as seat:
        await seat.press("7")
        await seat.until("ACCEPTED")
        await seat.press("enter")
        await seat.until("last_seen_at")
        await seat.press("G")
        await seat.until('"places": 3')
        assert "approver at the desk" in seat.screen
