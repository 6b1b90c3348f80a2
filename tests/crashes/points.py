"""The points at which a life may end: on both sides of each commit and of each effect.

They are put around the ports from outside; nothing in the product knows of them.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from reconciler.dispatch.apply_locks import FileApplyLocks
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.dispatch.sealed_logs import SealedLogs
from reconciler.domain.model import ResourceAddress, Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.wakeups import WakeUp
from reconciler.ports import (
    AdapterSetup,
    Exited,
    RunnerJob,
    RunnerProcess,
    StackReference,
    Vanished,
)
from reconciler.stores import Store, Transaction
from tests.strangers.json_world.adapter import WorldAdapter

T = TypeVar("T")
_BY_TIME = "run.progress"
"""How often it is told depends on how quick the machine is."""


@dataclass(slots=True)
class Points:
    """Every point that is passed, in order; at `fatal` the process ends there and then."""

    fatal: str | None = None
    passed: list[str] = field(default_factory=list)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def passing(self, edge: str, what: str) -> None:
        self._counts[edge, what] += 1
        count = self._counts[edge, what]
        name = f"{edge} {what}" + (f" ({count})" if count > 1 else "")
        self.passed.append(name)
        if name == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


class PointedStore:
    """The real store; a commit is named by the events that it writes.

    One that writes none but the process of a run loses nothing that a sweep does not find.
    """

    def __init__(self, store: Store, points: Points) -> None:
        self._store = store
        self._points = points

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        written: list[str] = []

        def pointed(tx: Transaction) -> T:
            newest = max((entry.seq for entry in tx.events.after(0)), default=0)
            result = work(tx)
            types = [entry.type for entry in tx.events.after(newest)]
            if types and _BY_TIME not in types:
                written.append("commit of " + "+".join(dict.fromkeys(types)))
            elif not types and any(run.pid is not None for run in tx.runs.started()):
                written.append("commit of the run's process")
            for name in written:
                self._points.passing("before", name)
            return result

        result = await self._store.transact(pointed)
        for name in written:
            self._points.passing("after", name)
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        return self._store.on_event(listener)

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        return self._store.on_wake(listener)

    async def close(self) -> None:
        await self._store.close()


class PointedRunner(ProcessRunner):
    """The real runner."""

    def __init__(self, points: Points) -> None:
        self._points = points

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        self._points.passing("before", "start of the runner")
        process = await super().start(job, folder, holding=holding)
        self._points.passing("after", "start of the runner")
        return process

    async def wait(self, process: RunnerProcess | None, folder: Path) -> Exited | Vanished:
        ended = await super().wait(process, folder)
        self._points.passing("after", "end of the run is known")
        return ended


class PointedLogs(SealedLogs):
    """The real logs."""

    def __init__(self, key: bytes, points: Points) -> None:
        super().__init__(key)
        self._points = points

    def seal(self, log: Path) -> None:
        self._points.passing("before", "sealing of the log")
        super().seal(log)
        self._points.passing("after", "sealing of the log")


class PointedLocks(FileApplyLocks):
    """The real locks of stacks."""

    def __init__(self, folder: Path, points: Points) -> None:
        super().__init__(folder)
        self._points = points

    def acquire(self, reference: StackReference) -> int:
        self._points.passing("before", "lock of the stack")
        held = super().acquire(reference)
        self._points.passing("after", "lock of the stack")
        return held


class PointedAdapter(WorldAdapter):
    """The tool whose cloud is a file; `noting` is what runs its command and notes it."""

    def __init__(self, setup: AdapterSetup, points: Points, noting: Sequence[str]) -> None:
        super().__init__(setup)
        self._points = points
        self._noting = tuple(noting)

    async def plan(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        **more: Any,
    ) -> Plan:
        plan = await super().plan(snapshot, addresses, **more)
        self._points.passing("after", "plan is saved")
        return plan

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        job = super().correction(snapshot, folder=folder)
        environment: Mapping[str, str] = job.environment
        return RunnerJob((*self._noting, *job.argv), job.directory, environment)
