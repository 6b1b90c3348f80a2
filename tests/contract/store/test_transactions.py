from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from reconciler.domain.errors import PermanentError, StorageError
from reconciler.domain.records import FindingFilter, Hold
from reconciler.stores import Store, Transaction
from tests.contract.store.conftest import THREADED, Opener
from tests.contract.store.records import (
    NOW,
    WEBSHOP,
    a_finding,
    a_stack,
    a_token,
    an_audit_entry,
    an_event,
)

_PATIENCE_S = 60


async def test_what_was_transacted_is_there_after_reopening(opener: Opener) -> None:
    first = await opener()
    await first.transact(lambda t: t.stacks.put(a_stack()))
    await first.close()
    second = await opener()
    assert await second.read(lambda t: t.stacks.all()) == (a_stack(),)
    await second.close()


async def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    def work(transaction: Transaction) -> None:
        transaction.stacks.put(a_stack())
        transaction.findings.put_many([a_finding()])
        transaction.audit.append(an_audit_entry())
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await store.transact(work)
    assert await store.read(lambda t: t.stacks.all()) == ()
    assert await store.read(lambda t: t.findings.unhealed(WEBSHOP)) == ()
    assert (await store.read(lambda t: t.audit.page())).items == ()


async def test_a_transaction_sees_what_it_wrote_before(store: Store) -> None:
    def work(transaction: Transaction) -> list[str | None]:
        transaction.stacks.put(a_stack(error="one"))
        first = transaction.stacks.get(WEBSHOP)
        transaction.stacks.put(a_stack(error="two"))
        second = transaction.stacks.get(WEBSHOP)
        return [one.error for one in (first, second) if one]

    assert await store.transact(work) == ["one", "two"]


@pytest.mark.parametrize("opener", THREADED, indirect=True)
async def test_a_reader_sees_one_moment_while_others_write(store: Store) -> None:
    loop = asyncio.get_running_loop()
    looked, written = asyncio.Event(), threading.Event()

    def look_twice(transaction: Transaction) -> tuple[int, int]:
        before = len(transaction.stacks.all())
        loop.call_soon_threadsafe(looked.set)
        assert written.wait(_PATIENCE_S)
        return before, len(transaction.stacks.all())

    reading = asyncio.create_task(store.read(look_twice))
    await looked.wait()
    await store.transact(lambda t: t.stacks.put(a_stack()))
    written.set()
    assert await reading == (0, 0)
    assert len(await store.read(lambda t: t.stacks.all())) == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda t: t.stacks.put(a_stack("other")),
        lambda t: t.stacks.put(a_stack()),
        lambda t: t.stacks.remove(WEBSHOP),
        lambda t: t.findings.put_many([a_finding()]),
        lambda t: t.events.append(an_event()),
        lambda t: t.holds.remove(Hold("ada", "fire", NOW)),
    ],
)
async def test_writing_while_reading_is_an_error(store: Store, write: object) -> None:
    await store.transact(lambda t: t.stacks.put(a_stack()))
    with pytest.raises(PermanentError, match="cannot write"):
        await store.read(write)  # type: ignore[arg-type]
    assert await store.read(lambda t: t.stacks.all()) == (a_stack(),)
    assert (await store.transact(lambda t: t.events.append(an_event()))).seq == 1


async def test_transactions_run_one_after_the_other(store: Store) -> None:
    await store.transact(lambda t: t.tokens.put(a_token(name="0")))

    def count_up(transaction: Transaction) -> None:
        token = transaction.tokens.get("k1")
        assert token is not None
        transaction.tokens.put(replace(token, name=str(int(token.name) + 1)))

    await asyncio.gather(*(store.transact(count_up) for _ in range(50)))
    token = await store.read(lambda t: t.tokens.get("k1"))
    assert token is not None
    assert token.name == "50"


@pytest.mark.parametrize("opener", THREADED, indirect=True)
async def test_a_transaction_whose_caller_leaves_is_all_or_nothing(store: Store) -> None:
    loop = asyncio.get_running_loop()
    begun, go_on = asyncio.Event(), threading.Event()

    def work(transaction: Transaction) -> None:
        transaction.stacks.put(a_stack("first"))
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(_PATIENCE_S)
        transaction.stacks.put(a_stack("second"))

    running = asyncio.create_task(store.transact(work))
    await begun.wait()
    waiting = asyncio.create_task(store.transact(lambda t: t.stacks.put(a_stack("never"))))
    await asyncio.sleep(0)
    for task in (running, waiting):
        task.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    go_on.set()
    names = {one.name for one in await store.transact(lambda t: t.stacks.all())}
    assert {"first", "second"} <= names or not {"first", "second"} & names
    await store.transact(lambda t: t.stacks.put(a_stack("later")))


async def test_listeners_hear_of_events_once_they_are_committed(store: Store) -> None:
    heard: list[int] = []
    loop = asyncio.get_running_loop()

    def listen(seq: int) -> None:
        assert asyncio.get_running_loop() is loop
        heard.append(seq)

    end = store.on_event(listen)

    def two(transaction: Transaction) -> int:
        transaction.events.append(an_event())
        return transaction.events.append(an_event()).seq

    last = await store.transact(two)
    assert heard == [last]
    await store.transact(lambda t: t.stacks.put(a_stack()))
    assert heard == [last]
    end()
    end()
    await store.transact(two)
    assert heard == [last]


async def test_nobody_hears_of_events_that_were_not_committed(store: Store) -> None:
    heard: list[int] = []
    store.on_event(heard.append)

    def fail(transaction: Transaction) -> None:
        transaction.events.append(an_event())
        raise LookupError

    with pytest.raises(LookupError):
        await store.transact(fail)
    seq = (await store.transact(lambda t: t.events.append(an_event()))).seq
    assert heard == [seq]


async def test_a_listener_that_fails_does_not_silence_another(store: Store) -> None:
    heard: list[int] = []
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: failures.append(about))

    def fail(_seq: int) -> None:
        raise LookupError

    store.on_event(fail)
    store.on_event(heard.append)
    await store.transact(lambda t: t.events.append(an_event()))
    assert heard == [1]
    assert len(failures) == 1


async def test_closing_finishes_what_was_begun(opener: Opener) -> None:
    store = await opener()
    begun = [asyncio.create_task(store.transact(_appending)) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.gather(store.close(), store.close())
    assert [await one for one in begun] == list(range(1, 21))
    with pytest.raises(StorageError, match="closed"):
        await store.transact(_appending)
    with pytest.raises(StorageError, match="closed"):
        await store.read(lambda t: t.findings.page(FindingFilter()))
    await store.close()
    again = await opener()
    assert await again.read(lambda t: t.events.bounds()) == (1, 20)
    await again.close()


def _appending(transaction: Transaction) -> int:
    return transaction.events.append(an_event()).seq
