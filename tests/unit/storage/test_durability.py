"""What was acknowledged outlives `kill -9`, at whatever moment it comes."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from reconciler.storage.sqlite import open_store
from reconciler.stores import Transaction
from tests.contract.store.records import a_finding, an_event

_KILLS = 8
_OF_ONE = 20
_WRITER = """
import asyncio, pathlib, sys
from tests.unit.storage.test_durability import write_for_ever
asyncio.run(write_for_ever(pathlib.Path(sys.argv[1])))
"""


async def write_for_ever(path: Path) -> None:
    """Write numbered batches; say each number on stdout once it is acknowledged."""
    store = await open_store(path)
    while True:
        number = await store.transact(_batch)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def _batch(transaction: Transaction) -> int:
    """Write one event and its findings, in this order, so that half of it would show."""
    seq = transaction.events.append(an_event()).seq
    findings = [a_finding(f"f{seq}-{index}") for index in range(_OF_ONE)]
    transaction.findings.put_many(findings)
    return seq


def test_kill_9_loses_nothing_acknowledged_and_tears_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data" / "trueup.db"
    chance = random.Random(4)
    for _ in range(_KILLS):
        acknowledged = _killed_after(path, lines=chance.randrange(1, 40))
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        newest, findings = asyncio.run(_state(path))
        # One more may have been committed than was heard of; never one less.
        assert newest in {acknowledged, acknowledged + 1}
        assert findings == newest * _OF_ONE


def _killed_after(path: Path, *, lines: int) -> int:
    """Return the last number the writer acknowledged before it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            heard = [process.stdout.readline() for _ in range(lines)]
        finally:
            process.kill()
        heard += process.stdout.readlines()
    return int([line for line in heard if line.endswith("\n")][-1])


async def _state(path: Path) -> tuple[int, int]:
    store = await open_store(path)
    try:
        _, newest = await store.read(lambda t: t.events.bounds())
        tally = await store.read(lambda t: t.findings.tally())
    finally:
        await store.close()
    return newest, sum(sum(words.values()) for words in tally.values())
