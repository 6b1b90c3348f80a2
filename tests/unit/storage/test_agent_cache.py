"""Agents that are kept at hand are those of the database, whoever writes and whatever fails."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.agents import Agent, AgentState
from reconciler.storage import agent_cache
from reconciler.storage.agent_cache import AgentCache
from reconciler.stores import Store, Transaction
from tests.empty_database import open_empty_store

AT = datetime(2026, 11, 1, 12, 0, 0, 123456, UTC)
IDS = ("a", "b", "c")
AGENTS = [
    Agent(name, f"host-{name}", AgentState.ACTIVE, "0" * 32, AT, 300, root="r", epoch="e",
          last_seen_at=AT, key_since=AT)
    for name in IDS
]  # fmt: skip
STEPS = st.tuples(
    st.sampled_from(["heard", "put", "epoch", "remove", "fails", "elsewhere", "read"]),
    st.sampled_from(IDS),
    st.integers(1, 5),
)


class FailedError(Exception):
    """What a transaction fails with."""


def work(tx: Transaction, what: str, name: str, seq: int) -> None:
    agent = tx.agents.get_many([name]).get(name)
    if what == "epoch":
        tx.agents.set_epoch(f"host-{name}", str(seq))
    elif what == "remove":
        tx.agents.remove(name)
    elif what == "put":
        tx.agents.put_many([AGENTS[IDS.index(name)]._replace(version=str(seq))])
    elif agent is not None and what in {"heard", "fails"}:
        tx.agents.put_heard([agent._replace(seq=seq, last_seen_at=AT.replace(second=seq))])
    if what == "fails":
        raise FailedError


def elsewhere(database: Path, name: str, seq: int) -> None:
    with closing(sqlite3.connect(database)) as other, other:
        other.execute("update agents set version = ? where agent_id = ?", (f"v{seq}", name))


async def tell(store: Store, database: Path, steps: list[tuple[str, str, int]]) -> None:
    await store.transact(lambda tx: tx.agents.put_many(AGENTS))
    for what, name, seq in steps:
        if what == "elsewhere":
            elsewhere(database, name, seq)
        else:
            with suppress(FailedError):
                await store.transact(partial(work, what=what, name=name, seq=seq))
        at_hand = await store.transact(lambda tx: tx.agents.get_many(IDS))
        assert at_hand == {agent.agent_id: agent for agent in await store.read(_all)}


def _all(view: Transaction) -> tuple[Agent, ...]:
    return view.agents.all()


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=8))
def test_what_is_at_hand_is_what_the_database_has(steps: list[tuple[str, str, int]]) -> None:
    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "data" / "trueup.db"
            store = await open_empty_store(database)
            try:
                await tell(store, database, steps)
            finally:
                await store.close()

    asyncio.run(story())


def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_cache, "_MOST", 2)
    cache = AgentCache()
    cache.keep(AGENTS)
    assert [cache.get(name) for name in IDS] == [None, *AGENTS[1:]]
