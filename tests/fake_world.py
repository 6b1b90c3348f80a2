"""A small world in memory that drifts, is read, planned, and really changed by its runner."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from reconciler.domain.edges import Edge
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Change,
    Drifted,
    Engine,
    InSync,
    Missing,
    Observed,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    Snapshot,
    StackName,
    Status,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, NewValue, Plan, PlannedChange, PlannedResource
from reconciler.domain.values import Attributes
from reconciler.ports import (
    Clock,
    Declaration,
    Exited,
    NeverBegun,
    Outcome,
    Progress,
    RunnerJob,
    RunnerProcess,
    RunnerState,
    Running,
    StackReference,
    Vanished,
)
from tests.fakes import (
    EXIT_STALE,
    PLAN_FILE,
    fake_job,
    fake_outcome,
    fake_progress,
    recorded,
    saved_plan,
)
from tests.seen_objects import Seen

Resources = dict[ResourceAddress, Attributes]


@dataclass(slots=True)
class World:
    """One stack: what its code declares, what its state records, what is there.

    `effects` names every apply that changed something, in order.
    """

    declared: Resources = field(default_factory=dict)
    recorded: Resources = field(default_factory=dict)
    live: Resources = field(default_factory=dict)
    unreadable: set[ResourceAddress] = field(default_factory=set)
    refuses_load: ReconcilerError | Exception | None = None
    refuses_plan: ReconcilerError | Exception | None = None
    lost: set[ResourceAddress] = field(default_factory=set)
    providers: dict[ResourceAddress, str] = field(default_factory=dict)
    depends: dict[ResourceAddress, tuple[ResourceAddress, ...]] = field(default_factory=dict)
    doubts: tuple[ProviderDoubt, ...] = ()
    before_failure: Resources = field(default_factory=dict)
    """What was recorded before a run of ours failed half-way, as adapters remember it."""
    beyond: dict[ResourceAddress, tuple[Attributes, Attributes]] = field(default_factory=dict)
    """What no code declares: as it is recorded, and as it is."""
    edges: dict[ResourceAddress, ResourceAddress] = field(default_factory=dict)
    """What connects another resource, and which."""
    lineage: str = "first"
    serial: int = 1
    effects: list[str] = field(default_factory=list)

    @classmethod
    def in_sync(cls, **resources: Attributes) -> World:
        """Return a world where everything is as declared; names become `thing.NAME`."""
        declared = {ResourceAddress(f"thing.{name}"): values for name, values in resources.items()}
        return cls(deepcopy(declared), deepcopy(declared), deepcopy(declared))

    @property
    def addresses(self) -> list[ResourceAddress]:
        return sorted({*self.declared, *self.recorded} - self.lost)

    @property
    def revision(self) -> str:
        told = json.dumps([self.serial, self.declared], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def verdict(self, address: ResourceAddress) -> Verdict:
        if address in self.unreadable:
            return Unreadable("denied")
        declared, kept = self.declared.get(address), self.kept(address)
        live = self.live.get(address)
        if kept is None:
            return Missing(Origin.UNAPPLIED)
        if live is None:
            if declared is None:
                return InSync()
            return Missing() if declared == kept else Missing(Origin.BOTH)
        if declared is None:
            return Unmanaged()
        changes = tuple(_changes(declared, kept, live))
        return Drifted(changes) if changes else InSync()

    def witness(self, address: ResourceAddress) -> Seen | None:
        if address not in self.beyond or address not in self.live or address in self.unreadable:
            return None
        recorded, live = ({"id": address, **values} for values in self.beyond[address])
        return Seen("thing", recorded, live)

    def kept(self, address: ResourceAddress) -> Attributes | None:
        return self.before_failure.get(address) or self.recorded.get(address)

    def new_values(self, address: ResourceAddress) -> tuple[NewValue, ...]:
        """Return what a plan of the declared form would write that is not recorded."""
        declared, kept = self.declared.get(address, {}), self.kept(address)
        if kept is None:
            return (NewValue(AttributePath(""), None, None),)
        return tuple(
            NewValue(AttributePath(name), kept.get(name), declared[name])
            for name in sorted(declared)
            if declared[name] != kept.get(name)
        )

    def detach(self, address: ResourceAddress) -> None:
        """Destroy an edge, as the tool does."""
        self.live.pop(address, None)
        self.recorded.pop(address, None)
        self.serial += 1

    def correct(self, address: ResourceAddress) -> None:
        """Make live and recorded what is declared."""
        declared = self.declared.get(address)
        self.before_failure.pop(address, None)
        for place in (self.live, self.recorded):
            if declared is None:
                place.pop(address, None)
            else:
                place[address] = deepcopy(declared)
        self.serial += 1


def _changes(declared: Attributes, kept: Attributes, live: Attributes) -> list[Change]:
    found = []
    for name in sorted({*declared, *kept, *live}):
        want, was, now = declared.get(name), kept.get(name), live.get(name)
        if want == now:
            continue
        origin = (
            Origin.OUT_OF_BAND if want == was else Origin.UNAPPLIED if was == now else Origin.BOTH
        )
        found.append(Change(AttributePath(name), want, was, now, origin))
    return found


@dataclass(slots=True)
class WorldAdapter:
    """Implements `IacAdapter` over worlds by stack name."""

    worlds: dict[StackName, World]
    loads: int = 0
    after_reads: Callable[[], Awaitable[object]] | None = None
    """What happens right after the next stack was read."""
    before_plan: Callable[[], object] | None = None
    """What happens right before the next plan is made."""
    drags: set[ResourceAddress] = field(default_factory=set)
    """What every plan touches as well, named or not."""
    leaves: set[ResourceAddress] = field(default_factory=set)
    """What no plan detaches, named or not."""
    drags_with: dict[ResourceAddress, ResourceAddress] = field(default_factory=dict)
    """What a plan touches as well that names the key."""
    refuses: dict[ResourceAddress, ReconcilerError] = field(default_factory=dict)
    """Why no plan is made that names the key."""
    after_plan: Callable[[], Awaitable[object]] | None = None
    """What happens right after the next plan was made."""

    async def load(self, reference: StackReference) -> Snapshot:
        self.loads += 1
        await asyncio.sleep(0)
        world = self.worlds[reference.name]
        if world.refuses_load is not None:
            raise world.refuses_load
        return Snapshot(
            stack=reference.name,
            tool=reference.tool,
            directory=str(reference.directory),
            revision=world.revision,
            obtained_by=Engine.PLUGIN,
            resources=tuple(
                replace(
                    recorded(address, "thing"),
                    provider=world.providers.get(address, ""),
                    dependencies=world.depends.get(address, ()),
                    status=Status.LIVE if address in world.recorded else Status.NOT_CREATED,
                )
                for address in world.addresses
            ),
            timing_ms={"load": 1.0},
            provider_doubts=world.doubts,
            lineage=world.lineage,
            serial=world.serial,
        )

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        for resource in snapshot.resources:
            if addresses is None or resource.address in addresses:
                await asyncio.sleep(0)
                verdict = self.worlds[snapshot.stack].verdict(resource.address)
                witness = self.worlds[snapshot.stack].witness(resource.address)
                yield Observed(resource.address, verdict, 1.0, 1.0, witness=witness)
        if self.after_reads is not None:
            happens, self.after_reads = self.after_reads, None
            await happens()

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        world = self.worlds[snapshot.stack]
        return tuple(
            Declaration(
                address=address,
                type="thing",
                definition=dict(values),
                baseline_hash=hashlib.sha256(
                    json.dumps(world.recorded.get(address), sort_keys=True).encode()
                ).hexdigest(),
            )
            for address, values in sorted(world.declared.items())
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
        await asyncio.sleep(0)
        world = self.worlds[snapshot.stack]
        if world.refuses_plan is not None:
            raise world.refuses_plan
        if self.before_plan is not None:
            self.before_plan()
        for address in sorted(self.refuses.keys() & set(addresses)):
            raise self.refuses[address]
        dragged = {self.drags_with[one] for one in addresses if one in self.drags_with}
        touched = (*addresses, *self.drags, *dragged)
        verdicts = {address: world.verdict(address) for address in touched}
        types = dict.fromkeys(verdicts, "thing")
        file = folder / PLAN_FILE
        plan = saved_plan(snapshot.stack, verdicts, types, file=file, serial=world.serial)
        resources = tuple(
            replace(
                resource,
                new=() if resource.action is Action.DELETE else world.new_values(resource.address),
            )
            for resource in plan.resources
        )
        plan = replace(plan, resources=resources)
        if self.after_plan is not None:
            happens, self.after_plan = self.after_plan, None
            await happens()
        return plan

    async def edges(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        named: Collection[str] = (),
    ) -> tuple[Edge, ...]:
        world = self.worlds[snapshot.stack]
        return tuple(
            Edge(edge, "thing", isolates)
            for edge, isolates in sorted(world.edges.items())
            if isolates in addresses and edge in world.recorded and (not named or edge in named)
        )

    async def plan_detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        world = self.worlds[snapshot.stack]
        gone = [
            one for one in (*edges, *self.drags) if one in world.recorded and one not in self.leaves
        ]
        return self._edge_plan(world, snapshot, edges, gone, Action.DELETE, folder)

    async def plan_attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        world = self.worlds[snapshot.stack]
        made = [one for one in edges if one in world.declared and one not in world.recorded]
        return self._edge_plan(world, snapshot, edges, made, Action.CREATE, folder)

    def forgetting(self, snapshot: Snapshot, address: ResourceAddress) -> str:
        del snapshot
        return f"tool state rm {address}"

    def _edge_plan(
        self,
        world: World,
        snapshot: Snapshot,
        edges: Collection[ResourceAddress],
        touched: Collection[ResourceAddress],
        action: Action,
        folder: Path,
    ) -> Plan:
        if world.refuses_plan is not None:
            raise world.refuses_plan
        actions = dict.fromkeys(touched, action.value)
        saved = json.dumps({"serial": world.serial, "actions": actions, "edges": True})
        (folder / PLAN_FILE).write_text(saved)
        resources = tuple(
            PlannedResource(address, "thing", action, _edge_changes(world, address, action))
            for address in sorted(touched)
        )
        return Plan(snapshot.stack, tuple(sorted(edges)), resources)

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        job = fake_job(snapshot, folder)
        return RunnerJob((*job.argv, snapshot.stack), job.directory, job.environment)

    def progress(self, line: bytes, *, stack: StackName | None = None) -> Progress | None:
        del stack
        return fake_progress(line)

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        del snapshot, log
        return fake_outcome(ended)

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        del stack
        return text

    async def close(self) -> None:
        return


def _edge_changes(
    world: World, address: ResourceAddress, action: Action
) -> tuple[PlannedChange, ...]:
    if action is Action.DELETE:
        before = world.recorded[address]
        return tuple(PlannedChange(AttributePath(k), v, None) for k, v in before.items())
    after = world.declared[address]
    return tuple(PlannedChange(AttributePath(k), None, v) for k, v in after.items())


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
        if plan["serial"] != world.serial:
            return EXIT_STALE
        world.effects.append(folder.name)
        for address in plan["actions"]:
            _log(folder, address, "updating")
            detaches = "edges" in plan and plan["actions"][address] == Action.DELETE
            if known.fate is not Fate.HELPS_NOT:
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
