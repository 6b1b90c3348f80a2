"""A daemon is started once, however often it is asked for, and leaving waits for no start."""

from __future__ import annotations

import asyncio
import threading

from tests.client.conftest import Served
from tests.tui.conftest import seated
from tui.in_thread import in_thread
from tui.session import Options


async def test_a_second_start_is_refused_while_one_goes_on(served: Served) -> None:
    begun: list[str] = []
    goes_on = threading.Event()

    def start() -> str:
        begun.append("serve")
        goes_on.wait()
        return "trueup serve runs"

    async with seated(served, options=Options(start=start)) as seat:
        await seat.until("live")
        try:
            seat.app._start()
            await seat.until(lambda: begun)
            seat.app._start()
            await seat.until("is being started already")
            assert begun == ["serve"]
        finally:
            goes_on.set()
        await seat.until("trueup serve runs")
        seat.app._start()
        await seat.until(lambda: len(begun) == 2)


def test_a_loop_ends_while_what_blocks_goes_on() -> None:
    goes_on, ended = threading.Event(), threading.Event()

    def blocks() -> None:
        goes_on.wait()
        ended.set()

    async def left() -> None:
        waiting = asyncio.ensure_future(in_thread(blocks))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(left())
    assert not ended.is_set()
    goes_on.set()
    assert ended.wait(60)
