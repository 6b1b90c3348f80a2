from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from reconciler.dispatch.embedded import EmbeddedDispatcher
from reconciler.domain.model import StackName
from reconciler.domain.records import RemediationId
from reconciler.domain.wakeups import AdvanceRemediation, ScanStack
from tests.fakes import FakeClock, FakeDispatcher

WEB, SHOP, BROKEN = StackName("web"), StackName("shop"), StackName("broken")
R1, R2 = RemediationId("r1"), RemediationId("r2")
CLOCK = FakeClock()


class Watched:
    """Counts what was called, and wakes who waits for it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: list[str] = []
        self._changed = asyncio.Condition()

    async def scan(self, stack: StackName) -> None:
        await self._note(stack)
        if stack == BROKEN:
            raise ValueError(stack)

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
    made = EmbeddedDispatcher(clock=CLOCK, failed=watched.failed)
    made.start(scan=watched.scan, advance=watched.advance)
    yield made
    await made.close()


def after(**span: float) -> datetime:
    return CLOCK.now() + timedelta(**span)


async def test_a_wakeup_without_a_due_time_is_taken_at_once(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.wake([ScanStack(WEB), AdvanceRemediation(R1)])
    await watched.until(WEB, 1)
    await watched.until(R1, 1)


async def test_a_wakeup_whose_due_time_has_passed_is_taken_at_once(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.wake([ScanStack(WEB, after(days=-1))])
    await watched.until(WEB, 1)


async def test_of_two_wakeups_the_sooner_counts(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    soon, late = after(milliseconds=20), after(hours=1)
    dispatcher.wake([AdvanceRemediation(R1, soon), AdvanceRemediation(R1, late)])
    dispatcher.wake([AdvanceRemediation(R2, late), AdvanceRemediation(R2, soon)])
    await watched.until(R1, 1)
    await watched.until(R2, 1)


async def test_a_defect_leaves_the_others_at_work_and_its_own_key_at_rest(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.wake([ScanStack(BROKEN), ScanStack(WEB)])
    await watched.until(BROKEN, 1)
    await watched.until(WEB, 1)
    while dispatcher.busy:  # noqa: ASYNC110 - it ends by itself
        await asyncio.sleep(0)
    assert watched.failures == [BROKEN]
    # A sweep finds it due again and again; a crash log each time would help nobody.
    dispatcher.wake([ScanStack(BROKEN), ScanStack(SHOP)])
    await watched.until(SHOP, 1)
    assert watched.calls[BROKEN] == 1


async def test_a_wakeup_from_a_thread_is_refused(dispatcher: EmbeddedDispatcher) -> None:
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(dispatcher.wake, [ScanStack(WEB)])


async def test_the_fake_refuses_a_thread_as_the_real_one_does() -> None:
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(FakeDispatcher().wake, [ScanStack(WEB)])


async def test_a_chore_is_done_at_once_however_long_its_pause(
    dispatcher: EmbeddedDispatcher, watched: Watched
) -> None:
    dispatcher.every(timedelta(days=1), watched.chore, name="chore")
    await watched.until("chore", 1)


async def test_chores_come_again(dispatcher: EmbeddedDispatcher, watched: Watched) -> None:
    dispatcher.every(timedelta(milliseconds=20), watched.chore, name="chore")
    await watched.until("chore", 3)


async def test_chores_come_again_though_the_clock_is_set_back(watched: Watched) -> None:
    clock = FakeClock()
    made = EmbeddedDispatcher(clock=clock, failed=watched.failed)
    made.start(scan=watched.scan, advance=watched.advance)
    made.every(timedelta(milliseconds=20), watched.chore, name="chore")
    made.wake([ScanStack(WEB, clock.now() + timedelta(milliseconds=20))])
    clock.move(hours=-1)
    await watched.until("chore", 3)
    await watched.until(WEB, 1)
    await made.close()


async def test_wakeups_before_the_start_and_after_the_end_do_no_harm(watched: Watched) -> None:
    made = EmbeddedDispatcher(clock=CLOCK, failed=watched.failed)
    made.wake([ScanStack(WEB)])
    made.start(scan=watched.scan, advance=watched.advance)
    await made.close()
    made.wake([ScanStack(WEB)])
    await asyncio.sleep(0)
    assert not watched.calls
    assert not made.busy
