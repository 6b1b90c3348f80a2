"""An answer that is refused or lost is asked for again; the stream says who is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from reconciler.client.errors import ReconcilerError
from tests.unit.tui.told import Daemon, at_once, cut, refused, until
from tui.store.pump import Pump
from tui.store.store import Store


@asynccontextmanager
async def followed(daemon: Daemon) -> AsyncIterator[tuple[Pump, Store]]:
    store = Store()
    pump = Pump(daemon.client, store, lambda _changes: None, learn=daemon.on_the_way)
    running = asyncio.ensure_future(pump.run())
    try:
        yield pump, store
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    "error",
    [lambda: refused(503), lambda: refused(429), lambda: refused(500), cut],
    ids=["503", "429", "500", "a kept connection was closed"],
)
async def test_an_answer_that_did_not_come_leaves_the_link_live(
    error: Callable[[], ReconcilerError],
) -> None:
    daemon = Daemon(open={"a": "low"})
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        states = set[str]()
        daemon.refusals += [error(), error()]
        daemon.becomes("a", "high")

        def is_read() -> bool:
            states.add(pump.link.state)
            return not daemon.refusals and not store.unread.findings and not pump.link.unread

        await until(lambda: daemon.asked and pump.link.unread)
        assert pump.link.words(0) == "live, 1 not read"
        await until(is_read)
        assert states == {"live"}


async def test_the_lists_are_asked_for_until_they_are_told() -> None:
    daemon = Daemon(open={"a": "low"}, refusals=[refused(503), cut(), refused(500)])
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        assert [*store.rows] == ["a"]
        assert (pump.link.state, pump.link.unread) == ("live", 0)


async def test_one_finding_that_is_always_refused_keeps_no_other_from_being_read() -> None:
    daemon = Daemon(delays=[0])
    real = daemon.client.findings.get

    async def get(name: str) -> object:
        if name == "bad":
            raise refused(500)
        return await real(name)

    client = daemon.client
    client.findings.get = get  # type: ignore[assignment, method-assign] # the fake's own
    store = Store()
    pump = Pump(client, store, lambda _changes: None, learn=daemon.on_the_way)
    running = asyncio.ensure_future(pump.run())
    try:
        await until(lambda: pump.loaded)
        names = [f"f{place}" for place in range(40)]
        for name in ["bad", *names]:
            daemon.becomes(name, "low")
        await until(lambda: {*names} <= store.rows.keys())
        assert pump.link.live
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_a_large_scan_found_is_read_with_the_lists() -> None:
    daemon = Daemon(page=100)
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        before = daemon.asked
        for place in range(400):
            daemon.becomes(f"f{place}", "low")
        daemon.remediates("m", "awaiting_approval", "f7")
        await until(lambda: len(store.rows) == 400 and store.rows["f7"].remediation)
        assert daemon.asked - before < 40


async def test_a_token_that_was_removed_is_not_allowed_until_it_is_accepted() -> None:
    daemon = Daemon(open={"a": "low"})
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        daemon.refusals.append(refused(401))
        daemon.becomes("a", "high")
        await until(lambda: pump.link.state == "denied")
        await until(lambda: pump.link.live)
        assert store.rows["a"].severity == "high"


@pytest.fixture(autouse=True, scope="module")
def _at_once() -> Iterator[None]:
    with at_once():
        yield
