from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.plugin_host.errors import PluginCrashed, PluginStartError
from iac_adapters.plugin_host.pool import PluginPool


class Process:
    def __init__(self, size: int = 0) -> None:
        self.alive = True
        self.busy = False
        self.size = size

    def memory_bytes(self) -> int:
        return self.size

    async def close(self) -> None:
        self.alive = False


class Clock:
    """Stands still until somebody sleeps by it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)


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
    await until(lambda: not b.alive)
    assert (a.alive, b.alive, c.alive) == (True, False, True)
    await pool.close()


async def test_the_idle_are_ended() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=0.05, max_processes=2)
    process = await pool.get("a", _start)
    await until(lambda: not process.alive)
    await pool.close()


async def test_adopts_only_where_nobody_is() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=60, max_processes=2)
    first, second = Process(), Process()
    assert pool.adopt("a", first)
    assert not pool.adopt("a", second)
    assert await pool.get("a", _start) is first
    await pool.close()
    assert not pool.adopt("b", second)


async def filled(pool: PluginPool[Process], clock: Clock, *sizes: int) -> list[Process]:
    """Add a process of each size, ten seconds apart."""
    processes = [Process(size) for size in sizes]
    for number, process in enumerate(processes):
        clock.now_s += 10
        assert pool.adopt(f"key {number}", process)
        await asyncio.sleep(0)
    return processes


def alive(processes: list[Process]) -> list[bool]:
    return [process.alive for process in processes]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0)


async def _never(_seconds: float) -> None:
    await asyncio.Event().wait()


async def test_memory_is_kept_by_ending_the_coldest() -> None:
    clock = Clock()
    pool: PluginPool[Process] = PluginPool(
        idle_s=3600, max_processes=9, max_bytes=100, clock=clock, sleep=_never
    )
    processes = await filled(pool, clock, 40, 40, 20, 30)
    assert alive(processes) == [False, True, True, True]
    clock.now_s += 10
    assert await pool.get("key 1", _start) is processes[1]
    processes += await filled(pool, clock, 50)
    await until(lambda: not processes[3].alive)
    assert alive(processes) == [False, True, False, False, True]
    await pool.close()


async def test_what_grows_later_is_weighed_again() -> None:
    clock = Clock()
    pool: PluginPool[Process] = PluginPool(
        idle_s=3600, max_processes=9, max_bytes=100, clock=clock, sleep=clock.sleep
    )
    processes = await filled(pool, clock, 10, 10, 10)
    assert alive(processes) == [True, True, True]
    processes[2].size = 85
    await until(lambda: not processes[0].alive)
    assert alive(processes) == [False, True, True]
    await pool.close()


async def test_the_busy_and_the_last_used_outweigh_any_limit() -> None:
    clock = Clock()
    pool: PluginPool[Process] = PluginPool(
        idle_s=3600, max_processes=9, max_bytes=100, clock=clock, sleep=_never
    )
    first, second, third = Process(90), Process(60), Process(300)
    first.busy = second.busy = True
    for number, process in enumerate((first, second, third)):
        clock.now_s += 10
        pool.adopt(f"key {number}", process)
        await asyncio.sleep(0)
    assert alive([first, second, third]) == [True, True, True]
    first.busy = False
    clock.now_s += 10
    fourth = await pool.get("key 3", _start)
    await until(lambda: not third.alive)
    assert alive([first, second, third, fourth]) == [False, True, False, True]
    await pool.close()


async def test_what_was_just_handed_out_is_not_ended_before_it_is_asked() -> None:
    clock = Clock()
    pool: PluginPool[Process] = PluginPool(
        idle_s=3600, max_processes=1, clock=clock, sleep=clock.sleep
    )
    first, second = await pool.get("a", _start), await pool.get("b", _start)
    assert alive([first, second]) == [True, True]
    clock.now_s += 1
    third = await pool.get("c", _start)
    await until(lambda: not second.alive)
    assert alive([first, second, third]) == [False, False, True]
    await pool.close()


@given(
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    busy=st.sets(st.integers(0, 11)),
    limit=st.integers(1, 150),
)
async def test_the_pool_keeps_its_limit_with_as_few_ends_as_it_needs(
    sizes: list[int], busy: set[int], limit: int
) -> None:
    clock = Clock()
    pool: PluginPool[Process] = PluginPool(
        idle_s=3600, max_processes=99, max_bytes=limit, clock=clock, sleep=_never
    )
    processes = [Process(size) for size in sizes]
    for number, process in enumerate(processes):
        clock.now_s += 10
        process.busy = number in busy
        pool.adopt(f"key {number}", process)
        await asyncio.sleep(0)
    kept = [process for process in processes if process.alive]
    may_go = [process for process in kept[:-1] if not process.busy]
    assert processes[-1].alive
    assert all(processes[number].alive for number in busy if number < len(processes))
    assert sum(process.size for process in kept) <= limit or may_go == []
    await pool.close()
    assert not any(alive(processes))


async def test_a_retired_process_answers_to_the_end_and_a_new_one_takes_its_place() -> None:
    pool: PluginPool[Process] = PluginPool(idle_s=3600, max_processes=9)
    old = await pool.get("a", _start)
    old.busy = True
    pool.retire("a", old)
    new = await pool.get("a", _start)
    assert new is not old
    pool.retire("a", old)
    assert await pool.get("a", _start) is new
    assert old.alive
    old.busy = False
    await until(lambda: not old.alive)
    waiting = await pool.get("b", _start)
    waiting.busy = True
    pool.retire("b", waiting)
    await pool.close()
    assert alive([old, new, waiting]) == [False, False, False]


async def test_keys_that_are_done_with_are_forgotten() -> None:
    clock = Clock()
    pool: PluginPool[Process] = PluginPool(
        idle_s=60, max_processes=9, clock=clock, sleep=clock.sleep
    )
    for number in range(200):
        await pool.discard(f"key {number}", await pool.get(f"key {number}", _start))
    await filled(pool, clock, 1)
    await until(lambda: len(pool._slots) == 0)
    await pool.close()
