from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.stores import Transaction
from tests.contract.store.records import NOW, an_event
from tests.empty_database import open_empty_store


async def test_the_newest_events_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.storage.retention.EVENTS_KEPT", 3)
    store = await open_empty_store(tmp_path / "trueup.db")

    def five(transaction: Transaction) -> None:
        for _ in range(5):
            transaction.events.append(an_event())

    await store.transact(five)
    gone = await store.transact(lambda t: t.retention.prune(now=NOW))
    assert gone["events"] == 2
    assert await store.read(lambda t: t.events.bounds()) == (3, 5)
    again = await store.transact(lambda t: t.retention.prune(now=NOW))
    assert again["events"] == 0
    await store.close()
