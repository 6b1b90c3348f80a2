"""A stop ends the message that is being sent, and a channel that stalls holds up no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from reconciler.engine.channel_states import channel_states
from reconciler.engine.delivering import deliver_due
from reconciler.engine.heartbeats import send_heartbeats
from reconciler.engine.sending import end_sending
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import A, B, House


async def test_a_stop_lets_the_message_that_is_being_sent_end_and_begins_no_other(
    house: House,
) -> None:
    board = listen(house)
    came, go = asyncio.Event(), asyncio.Event()

    async def stalled() -> None:
        came.set()
        await go.wait()

    board.meanwhile = stalled
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    house.clock.move(seconds=11)
    chore = asyncio.create_task(deliver_due(house.service))
    await came.wait()
    chore.cancel()
    await asyncio.gather(chore, return_exceptions=True)
    ends = asyncio.create_task(end_sending(house.service, within_s=60))
    go.set()
    await ends
    assert (board.posted, len(board.open)) == (1, 1)
    (state,) = await channel_states(house.service)
    assert (state.shown, state.waiting) == (1, 1), "it is noted, and the next start shows the other"


async def test_a_message_that_outlasts_a_stop_is_shown_by_the_next_start(house: House) -> None:
    board = listen(house)
    came = asyncio.Event()

    async def hangs() -> None:
        came.set()
        await asyncio.Event().wait()

    board.meanwhile = hangs
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.clock.move(seconds=11)
    chore = asyncio.create_task(deliver_due(house.service))
    await came.wait()
    chore.cancel()
    await end_sending(house.service, within_s=0)
    assert house.service.sending == set()
    board.meanwhile = None
    await tell(house)
    assert len(board.open) == 1


async def test_a_channel_that_stalls_holds_up_no_other(house: House) -> None:
    slow, pager = listen(house, "slow", heartbeat=timedelta(days=1)), listen(house, "pager")
    go = asyncio.Event()
    slow.meanwhile = go.wait
    await begin(house)
    await house.scan()
    await send_heartbeats(house.service, patience_s=0)
    for address, size in ((A, 9), (B, 7)):
        await drift(house, address, size)
        await tell(house)
        await tell(house)
    assert (len(pager.open), slow.posted) == (2, 1)
    slow.meanwhile = None
    go.set()
    await asyncio.gather(*house.service.delivering.values())
    await tell(house)
    assert len(slow.open) == 2
