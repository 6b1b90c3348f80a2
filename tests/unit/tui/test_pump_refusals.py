"""An answer that is refused or lost is asked for again; the stream says who is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from reconciler.client.errors import ReconcilerError
from tests.unit.tui.told import Daemon, at_once, cut, refused, until
from tui.store import catch_up
from tui.store import pump as pumping
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


async def test_a_remediation_of_a_database_before_is_forgotten() -> None:
    daemon = Daemon(open={"a": "low"})
    daemon.remediates("m", "awaiting_approval", "a")
    daemon.remediates("n", "awaiting_approval", "a")
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded and {*store.remediations} == {"m", "n"})
        del daemon.remediations["m"]
        store.unread.remediations.add("m")
        await until(lambda: {*store.remediations} == {"n"})
        daemon.remediations.clear()
        pump.read_again()
        await until(lambda: not store.remediations)
        assert store.rows["a"].remediation_id == ""


async def test_a_token_that_was_removed_is_not_allowed_until_it_is_accepted() -> None:
    daemon = Daemon(open={"a": "low"})
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        daemon.refusals.append(refused(401))
        daemon.becomes("a", "high")
        await until(lambda: pump.link.state == "denied")
        assert "not allowed: HTTP 401" in pump.link.why_not(0)
        await until(lambda: pump.link.live)
        assert store.rows["a"].severity == "high"
        assert not pump.link.why_not(0)


async def test_a_removed_token_stays_not_allowed_until_something_is_read() -> None:
    daemon = Daemon(open={"a": "low", "b": "low"})
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        daemon.bad_tokens = 0
        daemon.becomes("a", "high")
        await until(lambda: pump.link.state == "denied")
        states = set[str]()

        def is_too_often() -> bool:
            states.add(pump.link.state)
            return (daemon.bad_tokens or 0) > 30

        await until(is_too_often)
        daemon.becomes("a", None)  # what was refused needs no answer any more
        for _ in range(50):
            await asyncio.sleep(0)
            states.add(pump.link.state)
        assert states == {"denied"}
        daemon.bad_tokens = None
        daemon.becomes("b", "high")
        await until(lambda: pump.link.live and store.rows["b"].severity == "high")


async def test_a_removed_token_is_not_sent_with_every_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "DENIED_S", 3600)
    monkeypatch.setattr(pumping, "DENIED_S", 3600)
    daemon = Daemon(open={"a": "low"})
    async with followed(daemon) as (pump, _):
        await until(lambda: pump.loaded)
        daemon.bad_tokens = 0
        for place in range(20):
            daemon.becomes(f"f{place}", "low")
        pump.read_again()
        for _ in range(300):
            await asyncio.sleep(0)
        assert pump.link.state == "denied"
        # One thing that an event told of, the lists, and whose token it is.
        assert daemon.bad_tokens <= 3


async def test_a_stream_that_was_refused_before_any_event_misses_none() -> None:
    daemon = Daemon(open={"a": "low"})
    async with followed(daemon) as (pump, store):
        await until(lambda: pump.loaded)
        daemon.cuts.append(refused(401))
        await until(lambda: not daemon.cuts)
        daemon.becomes("b", "high")  # while nobody listens
        await until(lambda: "b" in store.rows)


@pytest.fixture(autouse=True, scope="module")
def _at_once() -> Iterator[None]:
    with at_once():
        yield
