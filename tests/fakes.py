"""Fakes of our own ports; each passes the contract suite of the real thing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Drifted,
    Engine,
    InSync,
    Missing,
    Observed,
    RecordedResource,
    ResourceAddress,
    Snapshot,
    StackName,
    Status,
    Unmanaged,
    Verdict,
)
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.records import RemediationId
from reconciler.domain.wakeups import ScanStack, WakeUp
from reconciler.ports import (
    Declaration,
    Done,
    Exited,
    Failed,
    InDoubt,
    Outcome,
    Progress,
    RunnerJob,
    StackReference,
    Step,
    Vanished,
)

EXIT_STALE = 3
PLAN_FILE = "plan.bin"


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 5, 1, 10, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(slots=True)
class FakeDispatcher:
    """Keeps every wake-up, for whoever plays the daemon to take.

    As the real one it can only be called on the loop. A transaction's work runs in a thread
    without one, so whoever calls this from there gets the RuntimeError a daemon would get.
    """

    scans: set[StackName] = field(default_factory=set)
    advances: dict[RemediationId, None] = field(default_factory=dict)
    later: list[WakeUp] = field(default_factory=list)

    def wake(self, wakeups: Sequence[WakeUp]) -> None:
        asyncio.get_running_loop()
        for wakeup in wakeups:
            if wakeup.due is not None:
                self.later.append(wakeup)
            elif isinstance(wakeup, ScanStack):
                self.scans.add(wakeup.stack)
            else:
                self.advances[wakeup.remediation] = None


class FakeEnds:
    """How every fake adapter reads what a run of the fake tool wrote."""

    def progress(self, line: bytes, *, stack: StackName | None = None) -> Progress | None:
        del stack
        return fake_progress(line)

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        del snapshot, log
        return fake_outcome(ended)

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        del stack
        return text


@dataclass(slots=True)
class FakeAdapter(FakeEnds):
    """A world held in memory: what is recorded, and what a read of it gives.

    `live_reads` lists every address read, so that a test can tell reading from not.
    """

    resources: tuple[RecordedResource, ...] = ()
    verdicts: Mapping[ResourceAddress, Verdict] = field(default_factory=dict)
    silent: frozenset[ResourceAddress] = frozenset()
    refuses: ReconcilerError | Exception | None = None
    delay_s: float = 0.0
    live_reads: list[ResourceAddress] = field(default_factory=list)
    loads: int = 0
    loading_now: int = 0
    most_at_once: int = 0
    closed: bool = False
    streams_closed: int = 0

    async def load(self, reference: StackReference) -> Snapshot:
        self.loads += 1
        self.loading_now += 1
        self.most_at_once = max(self.most_at_once, self.loading_now)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.loading_now -= 1
        if self.refuses is not None:
            raise self.refuses
        return Snapshot(
            stack=reference.name,
            tool=reference.tool,
            directory=str(reference.directory),
            revision="1",
            obtained_by=Engine.PLUGIN,
            resources=self.resources,
            timing_ms={"load": 4.0, "record": 2.0},
        )

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        try:
            for resource in snapshot.resources:
                address = resource.address
                if addresses is not None and address not in addresses:
                    continue
                if address in self.silent:
                    continue
                await asyncio.sleep(self.delay_s)
                self.live_reads.append(address)
                yield Observed(address, self.verdicts.get(address, InSync()), 3.0, 1.0)
        finally:
            self.streams_closed += 1

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        return tuple(
            Declaration(
                address=resource.address,
                type=resource.type,
                definition={"name": resource.address},
                baseline_hash=hashlib.sha256(resource.address.encode()).hexdigest(),
            )
            for resource in snapshot.resources
        )

    async def plan(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress] = (),
    ) -> Plan:
        del anew  # nothing here is provisioned
        if self.refuses is not None:
            raise self.refuses
        types = {resource.address: resource.type for resource in snapshot.resources}
        return saved_plan(
            snapshot.stack,
            {address: self.verdicts.get(address, InSync()) for address in addresses},
            types,
            file=folder / PLAN_FILE,
        )

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        return fake_job(snapshot, folder)

    async def close(self) -> None:
        self.closed = True


def saved_plan(
    stack: StackName,
    verdicts: Mapping[ResourceAddress, Verdict],
    types: Mapping[ResourceAddress, str],
    *,
    file: Path,
    serial: int = 0,
) -> Plan:
    """Return the plan that makes live what is declared, and save it with the state's serial."""
    resources = []
    for address in sorted(verdicts):
        planned = _planned(address, types.get(address, ""), verdicts[address])
        if planned is not None:
            resources.append(planned)
    actions = {resource.address: resource.action.value for resource in resources}
    file.write_text(json.dumps({"serial": serial, "actions": actions}))
    return Plan(stack=stack, targets=tuple(sorted(verdicts)), resources=tuple(resources))


def _planned(address: ResourceAddress, type_name: str, verdict: Verdict) -> PlannedResource | None:
    match verdict:
        case Missing():
            return PlannedResource(address, type_name, Action.CREATE)
        case Unmanaged():
            return PlannedResource(address, type_name, Action.DELETE)
        case Drifted(changes=changes, requires_replace=replaces):
            planned = tuple(
                PlannedChange(change.path, change.live, change.declared) for change in changes
            )
            action = Action.REPLACE if replaces else Action.UPDATE
            return PlannedResource(address, type_name, action, planned)
        case _:
            return None


def fake_job(snapshot: Snapshot, folder: Path) -> RunnerJob:
    return RunnerJob(
        argv=("fake", "apply", str(folder / PLAN_FILE)),
        directory=Path(snapshot.directory),
        environment={"FAKE_SECRET": "canary"},
    )


def fake_progress(line: bytes) -> Progress | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict) or "address" not in told:
        return None
    address, step = ResourceAddress(told["address"]), Step(told["step"])
    return Progress(f"{address}: {step}", address, step)


def fake_outcome(ended: Exited | Vanished) -> Outcome:
    if isinstance(ended, Vanished):
        return InDoubt("the runner is gone and left no record")
    if ended.exit_code == 0:
        return Done("done")
    stale = ended.exit_code == EXIT_STALE
    return Failed("the plan is stale" if stale else f"exit code {ended.exit_code}", stale=stale)


def recorded(address: str, type: str = "", *dependencies: str) -> RecordedResource:  # noqa: A002
    """Return a recorded resource; its type is read off the address unless given."""
    return RecordedResource(
        address=ResourceAddress(address),
        type=type or address.split("[", maxsplit=1)[0].split(".")[-2],
        status=Status.LIVE,
        dependencies=tuple(ResourceAddress(name) for name in dependencies),
    )
