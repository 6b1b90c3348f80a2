"""Hundreds of seeds at each change; `python -m tests.soak simulate` runs two thousand and more."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from reconciler.stores import Store
from tests.empty_database import open_empty_store
from tests.unit.engine.simulation import simulate

SEEDS: Final = 500
FAULTS: Final = {
    "answer lost",
    "apply goes wrong",
    "cannot be read",
    "clock back",
    "ended by the store",
    "killed",
    "lock held",
    "plan gets stale",
    "store busy",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_laws_hold_under_every_seed(capfd: pytest.CaptureFixture[str]) -> None:
    total: Counter[str] = Counter()
    for seed in range(SEEDS):
        total += simulate(seed)
    with capfd.disabled():
        print(f"\nsimulated seeds 0 to {SEEDS - 1}: {dict(sorted(total.items()))}")
    assert total.keys() >= FAULTS
    assert total["applies"] >= SEEDS / 2


def test_a_seed_is_the_same_each_time() -> None:
    assert simulate(3) == simulate(3)


@pytest.mark.parametrize("seed", [3, 11, 17])
def test_a_seed_is_the_same_on_a_database(tmp_path: Path, seed: int) -> None:
    # The empty database is made by threads, which a simulation has none of.
    asyncio.run(_make_and_close(tmp_path))
    assert simulate(seed, _open_database) == simulate(seed)


async def _make_and_close(folder: Path) -> None:
    await (await _open_database(folder)).close()


async def _open_database(folder: Path) -> Store:
    return await open_empty_store(folder / "trueup.db")
