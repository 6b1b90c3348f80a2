"""What was just sent is shown until the daemon has said what came of it, and no longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.client.errors import ConflictError, ReconcilerError, UnreachableError
from tests.unit.tui.test_filters import ROW
from tests.unit.tui.test_store import remediation
from tests.unit.tui.told import Daemon
from tui.sending import Done, Sending, send
from tui.store.reads import Reads
from tui.store.sent import NO_ANSWER
from tui.store.store import Store


def shown() -> Store:
    store = Store()
    store.put_row(replace(ROW, id="a"))
    store.put_remediation(remediation("m", "awaiting_approval", "a"))
    store.taken()
    return store


async def sent(store: Store, error: ReconcilerError | None = None) -> Done:
    done = Done()

    async def work(*, key: str) -> None:
        assert key
        assert store.rows["a"].sent == "approving"
        assert store.taken().findings == {"a"}
        if error is not None:
            raise error

    await send(done, "m", work, sending=Sending(store, "remediations", "approving"))
    return done


async def test_a_row_says_it_until_its_remediation_is_read_after_the_answer() -> None:
    store = shown()
    await sent(store)
    assert store.rows["a"].sent == "approving"
    assert store.unread.remediations == {"m"}
    assert store.rows["a"].revision == 1, "what is decided about has not changed by it"
    store.put_row(replace(ROW, id="a"))
    assert store.rows["a"].sent == "approving", "its finding says nothing of the remediation"
    store.put_remediation(remediation("m", "queued", "a"))
    assert store.rows["a"].sent == ""


async def test_what_was_read_before_the_answer_ends_nothing() -> None:
    store = shown()
    store.sent.begin("m", "approving")
    store.show_sent("m")
    store.put_remediation(remediation("m", "awaiting_approval", "a"))
    assert store.rows["a"].sent == "approving"


async def test_a_refusal_leaves_the_row_as_it_was() -> None:
    store = shown()
    done = await sent(store, ConflictError("it has moved on", code="moved-on"))
    assert done.failed
    assert store.rows["a"].sent == ""
    assert not store.unread.remediations


async def test_a_lost_answer_is_said_until_it_is_known_what_came_of_it() -> None:
    store = shown()
    done = await sent(store, UnreachableError("the daemon went away"))
    assert done.unsent == ["m"]
    assert store.rows["a"].sent == NO_ANSWER
    store.put_remediation(remediation("m", "awaiting_approval", "a"))
    assert store.rows["a"].sent == ""


@pytest.mark.parametrize("ends", ["remediation", "finding"])
async def test_what_is_gone_is_waited_for_no_more(ends: str) -> None:
    store = shown()
    await sent(store)
    if ends == "remediation":
        store.drop_remediation("m")
        assert store.rows["a"].sent == ""
    else:
        store.drop_row("a")
    assert store.sent.of("a") == ""


@pytest.mark.parametrize("of", ["one", "lists"])
async def test_a_read_that_began_before_the_answer_ends_nothing(of: str) -> None:
    daemon, store = Daemon(delays=[20]), shown()
    daemon.remediates("m", "awaiting_approval", "a")
    daemon.becomes("a", "low")
    reads = Reads(daemon.client, store, learn=daemon.on_the_way)
    read = reads.lists() if of == "lists" else reads.remediation("m")
    store.sent.begin("m", "approving")
    under_way = asyncio.ensure_future(read)
    await asyncio.sleep(0)
    store.sent.answered("m", known=True)
    await under_way
    assert store.sent.of("m") == "approving"
    await reads.remediation("m")
    assert store.sent.of("m") == ""
