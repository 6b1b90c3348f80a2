from __future__ import annotations

import asyncio

import pytest

from iac_adapters.plugin_host.errors import PluginCrashed, PluginStartError
from iac_adapters.plugin_host.pool import PluginPool


class Process:
    def __init__(self) -> None:
        self.alive = True
        self.busy = False

    async def close(self) -> None:
        self.alive = False


async def _start() -> Process:
    await asyncio.sleep(0)
    return Process()


async def _no_sleep(_seconds: float) -> None:
    await asyncio.sleep(0)


async def test_all_who_ask_together_get_one_process() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=60, max_processes=4)
    got = await asyncio.gather(*(pool.get("a", _start) for _ in range(20)))
    assert len({id(one) for one in got}) == 1
    await pool.close()
    assert not got[0].alive


async def test_a_dead_process_is_replaced() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=60, max_processes=4)
    first = await pool.get("a", _start)
    first.alive = False
    second = await pool.get("a", _start)
    assert second is not first
    await pool.discard("a", second)
    assert not second.alive
    await pool.close()


async def test_a_crash_loop_ends() -> None:
    pool: PluginPool[Process] = PluginPool(
        idle_s=60, max_processes=4, clock=lambda: 0.0, sleep=_no_sleep
    )
    for _ in range(10):
        (await pool.get("a", _start)).alive = False
    with pytest.raises(PluginCrashed, match="10 times"):
        await pool.get("a", _start)
    await pool.close()


async def test_a_failed_start_stands_instead_of_spinning() -> None:
    starts = 0

    async def fail() -> Process:
        nonlocal starts
        starts += 1
        raise PluginStartError("no")

    pool: PluginPool[Process] = PluginPool(idle_s=60, max_processes=4, clock=lambda: 0.0)
    for _ in range(50):
        with pytest.raises(PluginStartError):
            await pool.get("a", fail)
    assert starts == 2
    await pool.close()


async def test_the_coldest_goes_first_and_the_busy_stay() -> None:
    now = iter(range(100))
    pool: PluginPool[Process] = PluginPool(
        idle_s=60, max_processes=2, clock=lambda: float(next(now))
    )
    a, b = await pool.get("a", _start), await pool.get("b", _start)
    a.busy = True
    c = await pool.get("c", _start)
    await asyncio.sleep(0.01)
    assert (a.alive, b.alive, c.alive) == (True, False, True)
    await pool.close()


async def test_the_idle_are_ended() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=0.05, max_processes=2)
    process = await pool.get("a", _start)
    async with asyncio.timeout(10):
        while process.alive:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0.01)
    await pool.close()


async def test_adopts_only_where_nobody_is() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=60, max_processes=2)
    first, second = Process(), Process()
    assert pool.adopt("a", first)
    assert not pool.adopt("a", second)
    assert await pool.get("a", _start) is first
    await pool.close()
    assert not pool.adopt("b", second)
