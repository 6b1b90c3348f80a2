"""The plan of a quarantine or of a release, made by the tool itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from reconciler.domain.doubts import doubt_about
from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ProviderDoubt, Snapshot
from reconciler.domain.plan import Plan, PlannedResource
from reconciler.domain.quarantines import (
    Quarantine,
    beyond_attaching,
    beyond_detaching,
    left_attached,
)
from reconciler.domain.records import FindingRecord, Json, StackRecord
from reconciler.engine.judged_plan import JudgedPlan
from reconciler.engine.scanned import Loaded
from reconciler.ports import Isolating
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
    addresses = tuple(record.address for record in records)
    edges = await adapter.edges(loaded.snapshot, addresses, named=named)
    if not edges:
        raise PermanentError(
            f"nothing that could be detached connects {', '.join(addresses[:3])}",
            remedy="a policy may name the edges (`edges`); docs/quarantine.md lists the types that"
            " are known. To correct it instead, cancel this and run `trueup remediate`",
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
            remedy="run `trueup stack scan` and look whether the state still holds it; then"
            " `trueup retry` the remediation, or detach it by hand",
        )
    return plan, edges


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
    """Return `plan` held against what `quarantine` detached, and the doubts about its providers."""
    planned: dict[str, Json] = {resource.address: _after(resource) for resource in plan.resources}
    doubts = (*snapshot.provider_doubts, *(stack.provider_doubts if stack is not None else ()))
    return JudgedPlan(
        plan, (*beyond_attaching(plan, quarantine, planned), *_doubted(plan, snapshot, doubts))
    )


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
            remedy="cancel it, and request a correction: trueup remediate",
        )
    return loaded.adapter


def _before(resource: PlannedResource) -> Json:
    shown = {change.path: value_object(change.before) for change in resource.changes}
    return {path: value for path, value in shown.items() if value is not None}


def _after(resource: PlannedResource) -> Json:
    return {change.path: value_object(change.after) for change in resource.changes}
