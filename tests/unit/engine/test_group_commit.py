"""Many writes in one transaction: who is refused, who is answered, and what is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from reconciler.domain.errors import InvalidError, PermanentError, RetryableError
from reconciler.domain.records import EventEntry
from reconciler.engine.group_commit import GroupCommit
from reconciler.stores import Store, Transaction
from tests.empty_database import open_empty_store

MOST = 2000
AT = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_empty_store(tmp_path / "trueup.db")
    yield opened
    await opened.close()


def _write(tx: Transaction, names: Sequence[str]) -> list[str | Exception]:
    answers: list[str | Exception] = []
    for name in names:
        if name == "wrong":
            answers.append(InvalidError("wrong is no name"))
            continue
        tx.events.append(EventEntry(at=AT, type="kept", subject=name, body={}))
        answers.append(f"kept {name}")
    return answers


async def _kept(store: Store) -> list[str]:
    events = await store.read(lambda tx: tx.events.after(0, limit=3 * MOST))
    return [entry.subject for entry in events]


async def test_what_finds_too_many_waiting_is_refused_and_the_others_are_kept(store: Store) -> None:
    stuck = Event()

    def slow(tx: Transaction, names: Sequence[str]) -> list[str | Exception]:
        stuck.wait(60)
        return _write(tx, names)

    commits = GroupCommit(store, slow)
    first = asyncio.create_task(commits.submit("first"))
    await asyncio.sleep(0)  # it is being written, so it does not wait any more
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(commits.submit(str(number))) for number in range(MOST)]
    await asyncio.sleep(0)
    with pytest.raises(RetryableError, match="2000 reports wait"):
        await commits.submit("refused")
    stuck.set()
    answers = await asyncio.gather(first, *waiting)
    names = ["first", *map(str, range(MOST))]
    assert answers == [f"kept {name}" for name in names]
    assert await _kept(store) == names
    assert await commits.submit("later") == "kept later"


async def test_one_that_is_wrong_alone_hears_of_it(store: Store) -> None:
    commits = GroupCommit(store, _write)
    answers = await asyncio.gather(
        *map(commits.submit, ("a", "wrong", "b")), return_exceptions=True
    )
    assert (answers[0], answers[2]) == ("kept a", "kept b")
    assert isinstance(answers[1], InvalidError)
    assert await _kept(store) == ["a", "b"]


async def test_a_failed_transaction_is_everybodys_and_leaves_nothing(store: Store) -> None:
    def failing(tx: Transaction, names: Sequence[str]) -> list[str | Exception]:
        answers = _write(tx, names)
        if "bad" in names:
            raise PermanentError("it cannot be")
        return answers

    commits = GroupCommit(store, failing)
    outcomes = await asyncio.gather(*map(commits.submit, ("a", "bad")), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [PermanentError, PermanentError]
    assert await _kept(store) == []
    assert await commits.submit("again") == "kept again"


async def test_who_does_not_wait_any_more_is_kept_all_the_same(store: Store) -> None:
    commits = GroupCommit(store, _write)
    gone, other = (asyncio.create_task(commits.submit(name)) for name in ("gone", "other"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await other == "kept other"
    assert await _kept(store) == ["gone", "other"]


async def test_an_answer_that_cannot_be_given_keeps_none_from_the_others(store: Store) -> None:
    told: list[str | Exception] = []
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))

    def refuse(_answer: str | Exception) -> None:
        raise RuntimeError("its connection is closed")

    commits = GroupCommit(store, _write)
    commits.add("a", refuse)
    commits.add("b", told.append)
    await commits.submit("c")
    assert told == ["kept b"]
    assert len(faults) == 1
