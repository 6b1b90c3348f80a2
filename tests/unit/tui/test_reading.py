"""However often a read is asked for, it ends, and what is shown is of the last time."""

from __future__ import annotations

import asyncio

import pytest

from tui import reading
from tui.reading import Reading


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAUSE_S", 0.0)


async def test_what_is_asked_for_while_it_is_read_is_read_once_more_afterwards() -> None:
    answers = asyncio.Semaphore(0)
    shown: list[int] = []
    truth = [1]

    async def read() -> None:
        found = truth[0]
        await answers.acquire()
        shown.append(found)

    subject = Reading(read)
    assert subject.wanted()
    running = asyncio.ensure_future(subject.run())
    await asyncio.sleep(0)
    for truth[0] in (2, 3, 4):
        assert not subject.wanted()
    for _ in range(9):
        answers.release()
    await running
    assert shown == [1, 4]
    assert subject.wanted()


async def test_a_read_that_was_cancelled_can_be_begun_anew() -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    subject = Reading(never)
    subject.wanted()
    running = asyncio.ensure_future(subject.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert subject.wanted()
