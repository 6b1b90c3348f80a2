"""Some seeds of the simulation at each change; `python -m tests.soak simulate` runs thousands."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from tests.unit.engine.simulation import simulate

SEEDS: Final = 24


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_laws_hold_under_every_seed() -> None:
    total: Counter[str] = Counter()
    for seed in range(SEEDS):
        total += simulate(seed)
    print(f"seeds 0 to {SEEDS - 1}: {dict(sorted(total.items()))}")
    faults = {"killed", "store busy", "clock back", "answer lost", "lock held", "plan gets stale"}
    assert faults <= total.keys()
    assert total["applies"] >= SEEDS / 2


def test_a_seed_is_the_same_each_time() -> None:
    assert simulate(3) == simulate(3)
