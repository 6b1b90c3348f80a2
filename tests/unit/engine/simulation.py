"""The engine under a seed: which faults come when is decided by a number, and nothing else.

It drives the rules of `test_machine` in an order of its own, adds faults at each port, and asks for
the same laws after every step. `python -m tests.unit.engine.simulation SEED` runs one seed alone.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from reconciler.domain.errors import InDoubtError, PermanentError, RetryableError, StorageError
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import OPEN, TERMINAL
from reconciler.engine import journal
from reconciler.engine.auditing import verify
from reconciler.stores import Store, Transaction
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, A, B, C, House
from tests.unit.engine.machine_parts import DyingStore
from tests.unit.engine.test_machine import Correcting

STEPS: Final = 14
OpenStore = Callable[[Path], Awaitable[Store]]
_FATES: Final = tuple(fate for fate in Fate if fate is not Fate.STAYS)


class BusyStore(DyingStore):
    """Is busy for one of its next transactions besides, which then leaves nothing."""

    busy_in: int | None = None

    async def transact(self, work: Callable[[Transaction], Any]) -> Any:
        if self.busy_in is not None:
            self.busy_in -= 1
            if self.busy_in < 0:
                self.busy_in = None
                raise StorageError("the database is busy")
        return await super().transact(work)


class Simulated(Correcting):
    """One world and one daemon, from the first drift to a calm end."""

    store: BusyStore

    def __init__(self, seed: int, open_store: OpenStore | None) -> None:
        self.chance = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self._opens = open_store
        super().__init__()

    async def _open_store(self, folder: Path) -> Store:
        return await (self._opens or super()._open_store)(folder)

    async def _open(self) -> House:
        house = await super()._open()
        self.store = BusyStore(self.store._store)
        house.service.store = self.store
        return house

    def survive(self, work: Any) -> None:
        """Let a daemon that cannot write end, as the real one does, and begin anew."""
        try:
            super().survive(work)
        except StorageError:
            self.counts["ended by the store"] += 1
            self.restart()

    def live(self) -> None:
        self.the_policy_is(self.chance.choice([AUTO, AUTO, MANUAL]))
        self.somebody_changes(self.chance.choice([A, B, C]), 2)
        self.a_pass(1)
        for _ in range(STEPS):
            name, step = self.chance.choice(self._steps())
            self.counts[name] += 1
            step()
            self._ask_the_laws()
        self.runner.refuses, self.runner.moves_state, self.store.busy_in = None, False, None
        self.runner.fates.clear()
        self.do(self._calm())
        assert self.do(verify(self.house.service)).broken is None
        for found in self.open_ones(*OPEN):
            self.counts[f"left {found.state}"] += 1
        self.counts["applies"] += len(self.house.world.effects)
        self.counts["audited"] += len(self.do(self.house.actions()))

    def _steps(self) -> list[tuple[str, Callable[[], object]]]:
        pick, number = self.chance.choice, self.chance.randint
        address, moved = pick([A, B, C]), pick([True, False])
        runner, world, clock = self.runner, self.house.world, self.house.clock
        return [
            ("drift", lambda: self.somebody_changes(address, number(1, 3))),
            ("deleted", lambda: self.somebody_deletes(address)),
            ("scan", lambda: self.a_pass(pick([40, 40, 1, 2000]))),
            ("scan", lambda: self.a_pass(40)),
            ("time", lambda: self.time_goes_by(pick([5, 60, 4000]))),
            ("approval", lambda: self.somebody_looks_and_approves(right=True, moved=moved)),
            ("hold", self.somebody_holds),
            ("resume", self.somebody_resumes),
            ("retry", lambda: self.somebody_takes_care(retries=True)),
            ("clock ahead", lambda: clock.move(days=1)),
            ("clock back", lambda: clock.move(hours=-3)),
            ("apply goes wrong", lambda: runner.fates.append(pick(_FATES))),
            ("lock held", lambda: setattr(world, "refuses_plan", RetryableError("locked"))),
            ("lock free", lambda: setattr(world, "refuses_plan", None)),
            ("no plan", lambda: setattr(world, "refuses_plan", PermanentError("no"))),
            ("plan gets stale", lambda: setattr(runner, "moves_state", pick([True, False]))),
            ("answer lost", lambda: setattr(runner, "refuses", pick([None, InDoubtError("gone")]))),
            ("cannot be read", lambda: self.reads_are_denied_or_allowed(address)),
            ("store busy", lambda: setattr(self.store, "busy_in", number(0, 6))),
            ("killed", lambda: self.the_daemon_will_die(number(0, 8), keeps_last=moved)),
        ]  # fmt: skip

    def _ask_the_laws(self) -> None:
        assert self.runner.overlaps == [], "two applies at once"
        assert self.runner.broken == [], self.runner.broken
        found = self.open_ones(*OPEN, *TERMINAL)
        taken = [finding for one in found if one.state in OPEN for finding in one.finding_ids]
        assert len(taken) == len(set(taken)), "a finding is decided twice at once"
        for one in found:
            self._stays_ended(one)

    def _stays_ended(self, known: Remediation) -> None:
        assert self.ended.get(known.id, known.state) is known.state, f"{known.id} went on"
        if known.state in TERMINAL:
            self.ended[known.id] = known.state


def simulate(seed: int, open_store: OpenStore | None = None) -> Counter[str]:
    """Live through one seed, in memory by default; return what happened, by how often.

    Raises:
        AssertionError: a law was broken; its note says how to run the seed alone.
    """
    ids = random.Random(seed)
    named = SimpleNamespace(token_hex=lambda size: f"{ids.getrandbits(8 * size):0{2 * size}x}")
    try:
        with patch.object(journal, "secrets", named):
            simulated = Simulated(seed, open_store)
            simulated.live()
            simulated.teardown()
    except BaseException as error:
        error.add_note(f"run it alone: python -m tests.unit.engine.simulation {seed}")
        raise
    return simulated.counts


def main(first: int, count: int = 1) -> None:
    """Live through `count` seeds from `first` on; print them and what happened."""
    total: Counter[str] = Counter()
    for seed in range(first, first + count):
        total += simulate(seed)
    print(f"seeds {first} to {first + count - 1}: {dict(sorted(total.items()))}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
