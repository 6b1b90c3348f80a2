from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reconciler.dispatch.lanes import Lanes, Work


class Failures(dict[str, BaseException]):
    def note(self, key: str, error: BaseException) -> None:
        self[key] = error


@asynccontextmanager
async def lanes(
    work: Work, *, at_once: int = 4, slot_s: float = 60.0, failures: Failures | None = None
) -> AsyncIterator[Lanes]:
    made = Lanes(
        work,
        at_once=at_once,
        slot_s=slot_s,
        failed=(Failures() if failures is None else failures).note,
    )
    try:
        yield made
    finally:
        await made.close()


async def _until_idle(lanes: Lanes) -> None:
    async with asyncio.timeout(30):
        while lanes.busy:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def test_a_key_never_runs_beside_itself_and_many_wake_ups_mean_one_more_run() -> None:
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    runs: Counter[str] = Counter()

    async def work(key: str) -> None:
        running[key] += 1
        most[key] = max(most[key], running[key])
        runs[key] += 1
        await asyncio.sleep(0)
        running[key] -= 1

    async with lanes(work) as made:
        for _ in range(5):
            made.wake("a")
            made.wake("b")
        await _until_idle(made)
    assert most == {"a": 1, "b": 1}
    assert runs == {"a": 2, "b": 2}


async def test_no_more_keys_than_places_are_worked_on() -> None:
    running, most = 0, 0

    async def work(_key: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1

    async with lanes(work, at_once=2) as made:
        for number in range(10):
            made.wake(str(number))
        await _until_idle(made)
    assert most == 2


async def test_runs_that_hang_give_their_place_to_others() -> None:
    done: set[str] = set()

    async def work(key: str) -> None:
        if key.startswith("hangs"):
            await asyncio.Event().wait()
        done.add(key)

    async with lanes(work, at_once=2, slot_s=0.01) as made:
        for key in ("hangs-1", "hangs-2", "hangs-3", "well"):
            made.wake(key)
        async with asyncio.timeout(30):
            while "well" not in done:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.001)
        assert made.busy == 3


async def test_a_place_given_up_is_not_given_twice() -> None:
    running, most = 0, 0
    slow = asyncio.Event()

    async def work(key: str) -> None:
        nonlocal running, most
        if key == "slow":
            await slow.wait()
            return
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    async with lanes(work, at_once=1, slot_s=0.01) as made:
        made.wake("slow")
        await asyncio.sleep(0.05)
        slow.set()
        for number in range(6):
            made.wake(str(number))
        await _until_idle(made)
    assert most == 1


async def test_one_failure_is_told_and_stops_nobody() -> None:
    done: set[str] = set()
    failures = Failures()

    async def work(key: str) -> None:
        if key == "bad":
            raise ValueError(key)
        done.add(key)

    async with lanes(work, failures=failures) as made:
        for key in ("bad", "good"):
            made.wake(key)
        await _until_idle(made)
        made.wake("bad")
        await _until_idle(made)
    assert done == {"good"}
    assert isinstance(failures["bad"], ValueError)


async def test_closing_ends_what_runs_and_takes_no_more() -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def work(_key: str) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with lanes(work) as made:
        made.wake("a")
        made.wake("a")
        await begun.wait()
        await made.close()
        assert ended.is_set()
        made.wake("b")
        assert not made.busy
