"""The runner of fake worlds: applies, and ends as its fate says."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    ResourceAddress,
    StackName,
)
from reconciler.domain.plan import Action
from reconciler.ports import (
    Clock,
    Exited,
    NeverBegun,
    RunnerJob,
    RunnerProcess,
    RunnerState,
    Running,
    Vanished,
)
from tests.fake_world.world import World
from tests.fakes import (
    EXIT_STALE,
)


class Fate(StrEnum):
    """What becomes of one apply."""

    DONE = "done"
    FAILS = "fails"
    HELPS_NOT = "helps_not"
    STAYS = "stays"
    DIES_BEFORE = "dies_before"
    DIES_AFTER = "dies_after"
    REFRESHES = "refreshes"
    """Fails half-way: the state holds what was read, and nothing was changed."""


@dataclass(slots=True)
class _Job:
    job: RunnerJob
    fate: Fate
    process: RunnerProcess
    ended: Exited | Vanished | None = None
    interrupts: int = 0


@dataclass(slots=True)
class WorldRunner:
    """Implements `Runner`; outlives whoever started a job, as the real one does.

    `fates` says what becomes of the next applies; without one they are done. One that
    `STAYS` is under way until `release` is called.
    """

    worlds: dict[StackName, World]
    clock: Clock
    fates: deque[Fate] = field(default_factory=deque)
    jobs: dict[Path, _Job] = field(default_factory=dict)
    refuses: ReconcilerError | Exception | None = None
    moves_state: bool = False
    """Whether somebody else applies just before each of ours."""
    then: Callable[[], object] | None = None
    """What happens right after each apply."""
    script: Callable[[World, Mapping[str, Any]], int] = field(default=lambda _world, _given: 0)
    """What every script does with its input, and its exit code."""
    overlaps: list[Path] = field(default_factory=list)
    """Applies that began while another of their stack was under way; must stay empty."""

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        await asyncio.sleep(0)
        if holding is not None:
            os.fstat(holding)  # a real runner inherits it, so it must be open
        if self.refuses is not None:
            raise self.refuses
        stack = self._stack(job)
        if folder in self.jobs or any(self._runs(one, stack) for one in self.jobs.values()):
            self.overlaps.append(folder)
        process = RunnerProcess(len(self.jobs) + 1, 1.0, "boot")
        fate = self.fates.popleft() if self.fates else Fate.DONE
        self.jobs[folder] = _Job(job, fate, process)
        return process

    def state(self, process: RunnerProcess | None, folder: Path) -> RunnerState:
        known = self.jobs.get(folder)
        if known is None:
            begun = process is not None or not folder.is_dir()
            return Vanished() if begun else NeverBegun()
        return known.ended or Running()

    async def wait(self, process: RunnerProcess, folder: Path) -> Exited | Vanished:
        known = self.jobs[folder]
        assert known.process == process
        while known.ended is None:
            await asyncio.sleep(0)
            if known.fate is not Fate.STAYS:
                self.finish(folder)
        return known.ended

    def interrupt(self, process: RunnerProcess) -> bool:
        for known in self.jobs.values():
            if known.process == process and known.ended is None:
                known.interrupts += 1
                return known.interrupts == 1
        return False

    def release(self) -> None:
        """Let every apply that stays come to its end, at once when it was interrupted."""
        for folder, known in self.jobs.items():
            if known.ended is not None or known.fate is not Fate.STAYS:
                continue
            if known.interrupts:
                known.ended = Exited(1, self.clock.now(), interrupted=True)
            else:
                known.fate = Fate.DONE
                self.finish(folder)

    def finish(self, folder: Path) -> None:
        """Let the job do what its fate says, whether anybody waits for it or not."""
        known = self.jobs[folder]
        if known.ended is not None:
            return
        if self.moves_state:
            self.worlds[self._stack(known.job)].serial += 1
        self._come_to_its_fate(known, folder)
        if self.then is not None:
            self.then()

    def _come_to_its_fate(self, known: _Job, folder: Path) -> None:
        if known.fate is Fate.FAILS:
            known.ended = Exited(1, self.clock.now())
        elif known.fate is Fate.REFRESHES:
            self._refresh(known)
            known.ended = Exited(1, self.clock.now())
        elif known.fate is Fate.DIES_BEFORE:
            known.ended = Vanished()
        else:
            code = self._apply(known, folder)
            dies = known.fate is Fate.DIES_AFTER
            known.ended = Vanished() if dies else Exited(code, self.clock.now())

    def finish_all(self) -> None:
        """Let all jobs that nobody holds back come to their end."""
        for folder, known in self.jobs.items():
            if known.fate is not Fate.STAYS:
                self.finish(folder)

    def _apply(self, known: _Job, folder: Path) -> int:
        stack = self._stack(known.job)
        world = self.worlds[stack]
        plan = json.loads(Path(known.job.argv[2]).read_text())
        if "given" in plan:
            world.effects.append(folder.name)
            return 0 if known.fate is Fate.HELPS_NOT else self.script(world, plan["given"])
        if plan["serial"] != world.serial:
            return EXIT_STALE
        world.effects.append(folder.name)
        for address in plan["actions"]:
            _log(folder, address, "updating")
            detaches = "edges" in plan and plan["actions"][address] == Action.DELETE
            if known.fate is not Fate.HELPS_NOT and address in plan.get("swaps", {}):
                world.live[ResourceAddress(address)]["groups"] = plan["swaps"][address]
            elif known.fate is not Fate.HELPS_NOT:
                (world.detach if detaches else world.correct)(ResourceAddress(address))
            _log(folder, address, "done")
        return 0

    def _refresh(self, known: _Job) -> None:
        world = self.worlds[self._stack(known.job)]
        for address in json.loads(Path(known.job.argv[2]).read_text())["actions"]:
            if address in world.recorded:
                world.before_failure.setdefault(address, world.recorded[address])
            if address in world.live:
                world.recorded[address] = deepcopy(world.live[address])
            else:
                world.recorded.pop(address, None)
        world.serial += 1

    def _stack(self, job: RunnerJob) -> StackName:
        return StackName(job.argv[3])

    def _runs(self, known: _Job, stack: StackName) -> bool:
        return known.ended is None and self._stack(known.job) == stack


def _log(folder: Path, address: str, step: str) -> None:
    with (folder / "log").open("a") as stream:
        stream.write(json.dumps({"address": address, "step": step}) + "\n")
