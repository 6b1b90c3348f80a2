"""A database of the version before stacks had a time of registration, brought up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from reconciler.storage.sqlite import open_store
from tests.unit.storage.old_databases import filling

SCANNED = "2026-11-01 10:00:00.000000"


async def test_a_stack_of_before_counts_from_its_last_scan(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    rows = (("scanned", "config", SCANNED), ("new", "config", None), ("lent", "embedded", SCANNED))
    with filling(path, "0022") as raw:
        raw.executemany(
            "INSERT INTO stacks (name, tool, directory, interval_s, adaptive, source, definition,"
            " health, last_scan_at, lineage) VALUES"
            " (?, 'terraform', '/s', 900, 0, ?, '{}', 'incomplete', ?, '')",
            rows,
        )
    store = await open_store(path)
    try:
        found = await store.read(lambda view: view.stacks.all())
    finally:
        await store.close()
    at = datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert {stack.name: stack.registered_at for stack in found} == {
        "scanned": at, "new": None, "lent": None,
    }  # fmt: skip
