from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from reconciler.storage.tables.declared import StackRow
from reconciler.storage.transaction import SqlTransaction
from reconciler.stores import Transaction
from tests.contract.store.records import a_stack
from tests.empty_database import open_empty_store


async def test_a_row_still_in_hand_does_not_hide_a_later_write(tmp_path: Path) -> None:
    store = await open_empty_store(tmp_path / "trueup.db")

    def work(transaction: Transaction) -> tuple[str | None, str | None]:
        assert isinstance(transaction, SqlTransaction)
        transaction.stacks.put(a_stack(error="before"))
        held = transaction.stacks.rows.one(select(StackRow))
        assert held is not None
        before = held.error
        transaction.stacks.put(a_stack(error="after"))
        found = transaction.stacks.rows.one(select(StackRow))
        return before, found.error if found else None

    assert await store.transact(work) == ("before", "after")
    await store.close()
