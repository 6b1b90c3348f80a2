"""The plan of a quarantine, or of its release, by a script: the run, and what it is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Kind, ResourceAddress, Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.policy import Policy
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import FindingRecord, Json, StackRecord
from reconciler.domain.scripts import ScriptTask
from reconciler.engine.quarantine.connecting import isolating, resources_of
from reconciler.engine.scanned import Loaded
from reconciler.engine.scripted import WantedRun, given_to, plan_script, templates_of
from reconciler.engine.service import Service
from reconciler.ports import RunnerJob


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan about edges, and what does it; without a `job` that is the tool."""

    plan: Plan
    edges: tuple[Edge, ...] = ()
    job: RunnerJob | None = None


async def isolating_by_script(
    service: Service,
    stack: StackRecord,
    loaded: Loaded,
    policy: Policy,
    records: Sequence[FindingRecord],
    *,
    folder: Path,
) -> Planned:
    """Save a run in `folder` of the policy's script that isolates `records`.

    Its edges are the resources that drifted, and those that the policy names besides.

    Raises:
        PermanentError: the resources are gone, or the script is not allowed as it is now.
    """
    edges = await _edges(loaded, records, named=policy.edges or ())
    templates = await service.store.read(lambda view: templates_of(view, records))
    given = given_to(policy, records, templates, task=ScriptTask.ISOLATE)
    wanted = _wanted(str(policy.script), f"policy {policy.name!r}", given, edges)
    return await _planned(service, stack, wanted, edges, folder=folder)


async def releasing_by_script(
    service: Service, stack: StackRecord, quarantine: Quarantine, *, folder: Path
) -> Planned:
    """Save the run in `folder` that releases `quarantine`, as it was stored before its effect.

    Raises:
        PermanentError: the script is not allowed as it is now.
    """
    script = quarantine.script
    if script is None:
        raise PermanentError(f"quarantine {quarantine.id} was made by no script")
    edges = quarantine.edges
    wanted = _wanted(script.name, f"quarantine {quarantine.id[:8]}", script.given, edges)
    return await _planned(service, stack, wanted, edges, folder=folder)


def _wanted(name: str, by: str, given: Json, edges: Iterable[Edge]) -> WantedRun:
    return WantedRun(name, by, given, {edge.address: edge.type for edge in edges})


async def _planned(
    service: Service,
    stack: StackRecord,
    wanted: WantedRun,
    edges: tuple[Edge, ...],
    *,
    folder: Path,
) -> Planned:
    plan, job = await plan_script(service, stack, wanted, folder=folder)
    return Planned(plan, edges, job)


async def _edges(
    loaded: Loaded, records: Sequence[FindingRecord], *, named: Collection[str]
) -> tuple[Edge, ...]:
    there = [record for record in records if record.kind is not Kind.MISSING]
    if not there:
        raise PermanentError(
            f"{records[0].address} is gone, so a script has nothing to isolate",
            remedy="cancel this, and request its correction: trueup remediate FINDING",
        )
    addresses = resources_of(there)
    types = _types(loaded.snapshot, there)
    found = {
        address: Edge(address, types.get(address, ""), isolates=address) for address in addresses
    }
    if named:
        more = await isolating(loaded).edges(loaded.snapshot, addresses, named=named)
        found = {**{edge.address: edge for edge in more}, **found}
    return tuple(found[address] for address in sorted(found))


def _types(snapshot: Snapshot, records: Sequence[FindingRecord]) -> dict[ResourceAddress, str]:
    recorded = {resource.address: resource.type for resource in snapshot.resources}
    return {**{record.address: record.type for record in records}, **recorded}
