from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.plugin_host.budget import AdaptiveLimit, TokenBucket


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)


@given(st.floats(0.5, 50), st.integers(1, 10), st.integers(1, 40))
def test_no_window_holds_more_than_burst_and_rate(rate: float, burst: int, calls: int) -> None:
    time = Time()
    bucket = TokenBucket(rate, burst, clock=time.clock, sleep=time.sleep)
    taken: list[float] = []

    async def run() -> None:
        for _ in range(calls):
            await bucket.take()
            taken.append(time.now_s)

    asyncio.run(run())
    for first in range(calls):
        for last in range(first, calls):
            allowed = burst + rate * (taken[last] - taken[first])
            assert last - first + 1 <= allowed + 1e-6


async def test_a_limit_is_first_come_first_served_and_survives_cancellation() -> None:
    limit, order = AdaptiveLimit(1, 1, 1), []

    async def work(number: int) -> None:
        async with limit:
            order.append(number)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(work(number)) for number in range(6)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 1, 3, 4, 5]
    assert limit.running == 0


@given(st.lists(st.booleans(), max_size=200))
def test_the_limit_stays_between_its_bounds(events: list[bool]) -> None:
    time = Time()
    limit = AdaptiveLimit(8, 2, 16, clock=time.clock)
    for throttled in events:
        time.now_s += 1
        before = limit.limit
        if throttled:
            limit.throttled()
            assert limit.limit <= max(2, before / 2 + 1)
        else:
            limit.succeeded()
            assert before <= limit.limit <= before + 1
        assert 2 <= limit.limit <= 16


def test_one_burst_of_throttling_halves_once() -> None:
    time = Time()
    limit = AdaptiveLimit(8, 1, 8, clock=time.clock)
    for _ in range(8):
        limit.throttled()
    assert limit.limit == 4


def test_refuses_senseless_bounds() -> None:
    with pytest.raises(ValueError, match="minimum"):
        AdaptiveLimit(1, 2, 3)
    with pytest.raises(ValueError, match="rate"):
        TokenBucket(0, 1)
