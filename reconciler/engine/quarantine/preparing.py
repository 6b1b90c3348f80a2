"""The plan of a quarantine or of a release, made by the tool itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from reconciler.domain.doubts import doubt_about
from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ProviderDoubt, Snapshot
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.policy import Driver
from reconciler.domain.quarantines import (
    Quarantine,
    beyond_attaching,
    beyond_detaching,
    beyond_giving_back,
    left_attached,
    other_script,
    resource_of,
)
from reconciler.domain.records import FindingRecord, Json, StackRecord
from reconciler.domain.swaps import beyond_swapping, giving_back, isolating_by
from reconciler.engine.judged_plan import JudgedPlan, doubts_of
from reconciler.engine.scanned import Loaded
from reconciler.ports import Isolating, Swapping
from reconciler.wire.scan import value_object


async def detaching(
    loaded: Loaded,
    records: Sequence[FindingRecord],
    *,
    named: Collection[str] = (),
    folder: Path,
) -> tuple[Plan, tuple[Edge, ...]]:
    """Save a plan in `folder` that destroys exactly the edges of `records`; return both.

    Raises:
        RetryableError: the state is locked by somebody, or a backend did not answer.
        PermanentError: nothing connects them, or the plan would do less, or anything else.
    """
    adapter = isolating(loaded)
    addresses = tuple(dict.fromkeys(map(resource_of, records)))
    edges = await adapter.edges(loaded.snapshot, addresses, named=named)
    if not edges:
        raise PermanentError(
            f"nothing that could be detached connects {', '.join(addresses[:3])}",
            remedy="a policy may name the edges (`edges`); docs/quarantine.md lists the types that"
            " are known. To correct it instead, cancel this and run"
            " `trueup remediate FINDING`",
        )
    targets = tuple(edge.address for edge in edges)
    plan = await adapter.plan_detaching(loaded.snapshot, targets, folder=folder)
    if (more := beyond_detaching(plan, edges)) is not None:
        raise PermanentError(
            f"detaching {targets[0]} would do more than that: {more}",
            remedy="detach it by hand, or have the policy name other edges (`edges`)",
        )
    if left := left_attached(plan, edges):
        raise PermanentError(
            f"the plan would leave {', '.join(left)} attached",
            remedy=f"run `trueup stack scan {loaded.snapshot.stack}` and look whether the state"
            " still holds it; then `trueup retry REMEDIATION --reason WHY`, or detach it by hand",
        )
    return plan, edges


async def swapping(
    loaded: Loaded,
    records: Sequence[FindingRecord],
    *,
    group: str,
    begun: Quarantine | None,
    others: Collection[Quarantine],
    folder: Path,
) -> tuple[Plan, tuple[Edge, ...]]:
    """Save a plan in `folder` that leaves `group` alone to what isolates `records`; return both.

    `begun` is what an earlier attempt has swapped, `others` are the quarantines that are not
    released.

    Raises:
        RetryableError: a provider did not answer.
        PermanentError: nothing of it holds groups, it is isolated so already, or the plan would
            do less, or anything else.
    """
    adapter = _swapping(loaded)
    addresses = tuple(dict.fromkeys(map(resource_of, records)))
    edges = await adapter.swaps(loaded.snapshot, addresses, group=group)
    if not edges:
        raise PermanentError(
            f"nothing that holds {', '.join(addresses[:3])} has security groups to swap",
            remedy="docs/quarantine.md lists the types. To detach edges instead, cancel this and"
            " run `trueup quarantine FINDING` without an isolation group",
        )
    _refuse_isolated(edges, others)
    wanted = isolating_by(edges)
    plan = await adapter.plan_swapping(loaded.snapshot, wanted, folder=folder)
    if (more := beyond_swapping(plan, wanted)) is not None:
        raise PermanentError(
            f"swapping the groups of {edges[0].address} would do more than that: {more}",
            remedy="isolate it by its edges: a policy with driver `detach`",
        )
    if bare := [resource.address for resource in plan.resources if not _had_groups(resource)]:
        raise PermanentError(
            f"{bare[0]} shows no groups that could be given back",
            remedy="isolate it by its edges: a policy with driver `detach`",
        )
    done = {resource.address for resource in plan.resources}
    if begun is not None and not plan.empty:
        done |= set(begun.addresses)
    if left := [edge.address for edge in edges if edge.address not in done]:
        raise PermanentError(
            f"{', '.join(left)}: it is gone, or holds {group} alone already",
            remedy=f"run `trueup stack scan {loaded.snapshot.stack}`; then cancel this, or name"
            " another isolation group",
        )
    return plan, edges


def _had_groups(resource: PlannedResource) -> bool:
    return any(isinstance(change.before, list) and change.before for change in resource.changes)


def _refuse_isolated(edges: Collection[Edge], others: Collection[Quarantine]) -> None:
    """Refuse what another quarantine swapped: its undo would be taken for what was there."""
    objects = {(edge.type, edge.identity) for edge in edges}
    for other in others:
        for edge in other.edges:
            if edge.attribute is not None and (edge.type, edge.identity) in objects:
                raise PermanentError(
                    f"{edge.address} is isolated already, by quarantine {other.id[:8]}",
                    remedy=f"release that first: trueup release {other.id[:8]}",
                )


async def giving_groups_back(loaded: Loaded, quarantine: Quarantine, *, folder: Path) -> Plan:
    """Save a plan in `folder` that gives back what `quarantine` swapped, and return it.

    Raises:
        RetryableError, PermanentError: see `swapping`.
    """
    wanted = giving_back(quarantine.edges, quarantine.undo)
    plan = await _swapping(loaded).plan_swapping(loaded.snapshot, wanted, folder=folder)
    if odd := [item.address for item in plan.resources if item.action is not Action.UPDATE]:
        # In the module apart stands next to nothing of it: a replacement would be a bare object.
        raise PermanentError(
            f"giving its groups back would replace or create {odd[0]}",
            remedy="give it the groups by hand in the cloud, then cancel this",
        )
    return plan


def _swapping(loaded: Loaded) -> Swapping:
    if not isinstance(loaded.adapter, Swapping):
        raise PermanentError(
            f"the groups of resources of {loaded.snapshot.tool} cannot be swapped",
            remedy="isolate them by their edges: a policy with driver `detach`, or"
            " `trueup quarantine FINDING` without an isolation group. Where nothing connects them,"
            " a policy with a `script` can change their groups through the cloud's API",
        )
    return loaded.adapter


async def attaching(loaded: Loaded, quarantine: Quarantine, *, folder: Path) -> Plan:
    """Save a plan in `folder` that creates the edges of `quarantine` again, and return it.

    Raises:
        RetryableError, PermanentError: see `detaching`.
    """
    adapter = isolating(loaded)
    return await adapter.plan_attaching(loaded.snapshot, quarantine.addresses, folder=folder)


def judged_release(
    plan: Plan, quarantine: Quarantine, *, snapshot: Snapshot, stack: StackRecord | None
) -> JudgedPlan:
    """Return `plan` held against what `quarantine` detached, and the doubts about its providers.

    A script asks no provider.
    """
    if quarantine.driver is Driver.SCRIPT:
        return JudgedPlan(plan, other_script(plan, quarantine))
    doubts = doubts_of(stack, snapshot)
    return JudgedPlan(plan, (*_beyond(plan, quarantine), *_doubted(plan, snapshot, doubts)))


def _beyond(plan: Plan, quarantine: Quarantine) -> tuple[str, ...]:
    if quarantine.driver is Driver.SWAP:
        return beyond_giving_back(plan, quarantine)
    planned: dict[str, Json] = {resource.address: _after(resource) for resource in plan.resources}
    return beyond_attaching(plan, quarantine, planned)


def _doubted(plan: Plan, snapshot: Snapshot, doubts: Collection[ProviderDoubt]) -> tuple[str, ...]:
    """Return why an edge might be attached elsewhere; of an unknown provider every doubt counts."""
    providers = {resource.address: resource.provider for resource in snapshot.resources}
    reasons = (
        doubt_about(providers.get(resource.address) or doubt.provider, [doubt])
        for resource in plan.resources
        for doubt in doubts
    )
    return tuple(dict.fromkeys(reason for reason in reasons if reason is not None))


def undo_of(plan: Plan) -> Json:
    """Return what each resource held that `plan` destroys, by address and path."""
    return {resource.address: _before(resource) for resource in plan.resources}


def isolating(loaded: Loaded) -> Isolating:
    """Return the adapter that detaches and attaches.

    Raises:
        PermanentError: nothing of this tool can be put into quarantine.
    """
    if not isinstance(loaded.adapter, Isolating):
        raise PermanentError(
            f"resources of {loaded.snapshot.tool} cannot be put into quarantine",
            remedy="cancel it, and request a correction: trueup remediate FINDING",
        )
    return loaded.adapter


def _before(resource: PlannedResource) -> Json:
    shown = {change.path: value_object(change.before) for change in resource.changes}
    return {path: value for path, value in shown.items() if value is not None}


def _after(resource: PlannedResource) -> Json:
    return {change.path: value_object(change.after) for change in resource.changes}
