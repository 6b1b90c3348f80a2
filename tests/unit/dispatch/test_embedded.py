from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from reconciler.dispatch.embedded import EmbeddedDispatcher
from reconciler.domain.model import StackName
from reconciler.domain.records import RemediationId

WEB, SHOP = StackName("web"), StackName("shop")


class Watched:
    """Counts what was called, and wakes who waits for it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: list[str] = []
        self.again: timedelta | None = None
        self._changed = asyncio.Condition()

    async def scan(self, stack: StackName) -> timedelta | None:
        await self._note(stack)
        if stack == "broken":
            raise ValueError(stack)
        return self.again

    async def advance(self, remediation_id: RemediationId) -> None:
        await self._note(remediation_id)

    async def chore(self) -> None:
        await self._note("chore")

    def failed(self, key: str, _error: BaseException) -> None:
        self.failures.append(key)

    async def until(self, key: str, times: int) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: self.calls[key] >= times)

    async def _note(self, key: str) -> None:
        async with self._changed:
            self.calls[key] += 1
            self._changed.notify_all()


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
async def dispatcher(watched: Watched) -> AsyncIterator[EmbeddedDispatcher]:
    made = EmbeddedDispatcher(failed=watched.failed)
    made.start(scan=watched.scan, advance=watched.advance)
    yield made
    await made.close()


async def test_a_stack_is_looked_at_again_after_the_time_its_pass_named(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    watched.again = timedelta(milliseconds=10)
    dispatcher.scan_soon(WEB)
    await watched.until(WEB, 3)


async def test_a_stack_that_is_gone_is_not_looked_at_again(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.scan_soon(WEB)
    await watched.until(WEB, 1)
    dispatcher.scan_soon(SHOP, after_s=0.05)
    await watched.until(SHOP, 1)
    assert watched.calls[WEB] == 1


async def test_of_two_hints_the_sooner_counts(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.advance_soon(RemediationId("r1"), after_s=0.02)
    dispatcher.advance_soon(RemediationId("r1"), after_s=3600)
    dispatcher.advance_soon(RemediationId("r2"), after_s=3600)
    dispatcher.advance_soon(RemediationId("r2"), after_s=0.02)
    await watched.until("r1", 1)
    await watched.until("r2", 1)


async def test_a_defect_in_one_pass_leaves_the_others_and_itself_on_the_clock(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.scan_soon(StackName("broken"))
    dispatcher.scan_soon(WEB)
    await watched.until("broken", 1)
    await watched.until(WEB, 1)
    async with asyncio.timeout(30):
        while not dispatcher._timers.get_job("scan:broken"):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)
    assert watched.failures == ["broken"]


async def test_a_timer_can_be_forgotten(dispatcher: EmbeddedDispatcher, watched: Watched) -> None:
    dispatcher.scan_soon(WEB, after_s=0.05)
    dispatcher.forget(WEB)
    dispatcher.forget(WEB)
    dispatcher.scan_soon(SHOP, after_s=0.1)
    await watched.until(SHOP, 1)
    assert not watched.calls[WEB]


async def test_a_chore_is_done_at_once_however_long_its_pause(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.every(timedelta(days=1), watched.chore, name="chore")
    await watched.until("chore", 1)


async def test_chores_come_again(dispatcher: EmbeddedDispatcher, watched: Watched) -> None:
    dispatcher.every(timedelta(milliseconds=20), watched.chore, name="chore")
    await watched.until("chore", 3)


async def test_hints_before_the_start_and_after_the_end_do_no_harm(watched: Watched) -> None:
    made = EmbeddedDispatcher(failed=watched.failed)
    made.scan_soon(WEB)
    made.start(scan=watched.scan, advance=watched.advance)
    await made.close()
    made.scan_soon(WEB)
    await asyncio.sleep(0)
    assert not watched.calls
    assert not made.busy
