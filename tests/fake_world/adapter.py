"""The adapter of fake worlds: reads and plans."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.domain.edges import Edge
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Engine,
    Observed,
    ResourceAddress,
    Snapshot,
    StackName,
    Status,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.swaps import Regrouping
from reconciler.ports import (
    Declaration,
    RunnerJob,
    StackReference,
)
from tests.fake_world.world import World
from tests.fakes import (
    PLAN_FILE,
    FakeEnds,
    fake_job,
    recorded,
    saved_plan,
)


@dataclass(slots=True)
class WorldAdapter(FakeEnds):
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
            stopped=world.stopped,
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
        told = {**world.declared, **world.recorded} if world.stopped else world.declared
        return tuple(
            Declaration(
                address=address,
                # What declares a host is of the type that declares one everywhere.
                type="terraform_data" if "input" in values else "thing",
                definition=dict(values),
                baseline_hash=hashlib.sha256(
                    json.dumps(world.recorded.get(address), sort_keys=True).encode()
                ).hexdigest(),
            )
            for address, values in sorted(told.items())
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

    async def swaps(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress], *, group: str
    ) -> tuple[Edge, ...]:
        world = self.worlds[snapshot.stack]
        return tuple(
            Edge(address, "thing", address, "groups", group, f"id-{address}")
            for address in sorted(addresses)
            if "groups" in world.recorded.get(address, {})
        )

    def moved(
        self, snapshot: Snapshot, edges: Collection[Edge]
    ) -> Mapping[ResourceAddress, ResourceAddress]:
        moved = self.worlds[snapshot.stack].moved
        return {edge.address: moved[edge.address] for edge in edges if edge.address in moved}

    async def plan_swapping(
        self, snapshot: Snapshot, regroupings: Collection[Regrouping], *, folder: Path
    ) -> Plan:
        world = self.worlds[snapshot.stack]
        if world.refuses_plan is not None:
            raise world.refuses_plan
        wanted: dict[ResourceAddress, list[str]] = {
            one.edge.address: [*one.groups] for one in regroupings
        }
        changes = {
            address: PlannedChange(
                AttributePath("groups"), world.live[address]["groups"], [*groups]
            )
            for address, groups in wanted.items()
            # What the state does not hold, the real one cannot find either.
            if address in world.live
            and address in world.recorded
            and world.live[address]["groups"] != groups
        }
        swaps = {address: wanted[address] for address in changes}
        saved = {"serial": world.serial, "actions": dict.fromkeys(swaps, "update"), "swaps": swaps}
        (folder / PLAN_FILE).write_text(json.dumps(saved))
        resources = [
            PlannedResource(address, "thing", Action.UPDATE, (change,))
            for address, change in sorted(changes.items())
        ]
        resources += [PlannedResource(one, "thing", Action.UPDATE) for one in sorted(self.drags)]
        return Plan(snapshot.stack, tuple(sorted(wanted)), tuple(resources))

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
