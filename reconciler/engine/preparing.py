"""One saved plan for exactly what drifted, and the command that would carry it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.domain.edges import Edge
from reconciler.domain.errors import (
    NotFoundError,
    ReconcilerError,
    RetryableError,
    StorageError,
)
from reconciler.domain.lifecycle import targets_of
from reconciler.domain.model import Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.policy import ActionType, Driver, Policy
from reconciler.domain.records import FindingRecord, Remediation, StackRecord
from reconciler.domain.sources import is_of_agent
from reconciler.engine.defects import outcome_of
from reconciler.engine.folders import make_private
from reconciler.engine.judged_plan import state_doubts
from reconciler.engine.moves import policy_of, unhealed_of
from reconciler.engine.quarantine.keeping import quarantine_of
from reconciler.engine.quarantine.preparing import (
    attaching,
    detaching,
    giving_groups_back,
    swapping,
)
from reconciler.engine.quarantine.reading import refuse_detached
from reconciler.engine.quarantine.scripting import (
    Planned,
    isolating_by_script,
    releasing_by_script,
)
from reconciler.engine.scanned import Addresses, Loaded, load, moved_of
from reconciler.engine.scripted import (
    WantedRun,
    given_to,
    plan_script,
    script_of,
    templates_of,
)
from reconciler.engine.service import Service
from reconciler.ports import IacAdapter, RunnerJob

_NO_JOB: Final = RunnerJob(argv=(), directory=Path(), environment={})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that is saved, and the command that would do it."""

    adapter: IacAdapter
    snapshot: Snapshot
    plan: Plan
    job: RunnerJob
    edges: tuple[Edge, ...] = ()
    """What a quarantine detaches."""
    moved: Addresses = field(default_factory=dict)
    """Where the record has now what quarantines of the stack swapped, if not where it was."""


async def prepare(service: Service, known: Remediation, folder: Path) -> Prepared | ReconcilerError:
    """Make a plan of what is still there of `known`, and save it in `folder`, which is made.

    An error is why there is none; nothing was changed.
    """
    stack, records = await service.store.read(
        lambda view: (view.stacks.get(known.stack), unhealed_of(view, known))
    )
    if stack is None:
        return NotFoundError(f"stack {known.stack} is not registered any more")
    plan = _about_edges if known.action_type.is_about_edges else _plan
    return await outcome_of(
        lambda: plan(service, known, stack, records, folder), let_through=(StorageError,)
    )


async def _plan(
    service: Service,
    known: Remediation,
    stack: StackRecord,
    records: Sequence[FindingRecord],
    folder: Path,
) -> Prepared:
    make_private(folder)
    loaded = await load(service, stack)
    if not records:
        # Never without a target: that would plan, and correct, everything.
        empty = Plan(stack=stack.name, targets=(), resources=())
        return Prepared(loaded.adapter, loaded.snapshot, empty, _NO_JOB)
    policy = await service.store.read(lambda view: script_of(view, known))
    if policy is not None:
        return await _plan_script(service, stack, loaded, policy, records, folder)
    # A tool sees no drift on a host: what provisions it has to run again.
    anew = tuple(record.address for record in records if is_of_agent(record.seen_by))
    plan = await loaded.adapter.plan(loaded.snapshot, targets_of(records), folder=folder, anew=anew)
    job = loaded.adapter.correction(loaded.snapshot, folder=folder)
    quarantines = await service.store.read(lambda view: view.quarantines.unreleased(stack.name))
    moved = moved_of(loaded, quarantines)
    return Prepared(loaded.adapter, loaded.snapshot, plan, job, moved=moved)


async def _about_edges(
    service: Service,
    known: Remediation,
    stack: StackRecord,
    records: Sequence[FindingRecord],
    folder: Path,
) -> Prepared:
    """Plan a quarantine of what is still there of `known`, or the release of one."""
    make_private(folder)
    loaded = await load(service, stack)
    planned = Planned(Plan(stack=stack.name, targets=(), resources=()))
    if known.action_type is ActionType.RELEASE:
        planned = await _released(service, known, stack, loaded, folder) or planned
    elif records:
        planned = await _isolated(service, known, stack, loaded, records, folder)
    plan, job = planned.plan, planned.job
    if plan.empty:
        job = _NO_JOB
    elif job is None:
        job = loaded.adapter.correction(loaded.snapshot, folder=folder)
    return Prepared(loaded.adapter, loaded.snapshot, plan, job, planned.edges)


async def _isolated(
    service: Service,
    known: Remediation,
    stack: StackRecord,
    loaded: Loaded,
    records: Sequence[FindingRecord],
    folder: Path,
) -> Planned:
    policy, begun, unreleased = await service.store.read(
        lambda view: (
            policy_of(view, known),
            view.quarantines.get(known.id),
            view.quarantines.unreleased(known.stack),
        )
    )
    if policy is not None and policy.driver is Driver.SCRIPT:
        return await isolating_by_script(service, stack, loaded, policy, records, folder=folder)
    group = known.isolation_group or (policy.isolation_group if policy else None)
    if group is not None:
        others = [other for other in unreleased if other.id != known.id]
        plan, edges = await swapping(
            loaded, records, group=group, begun=begun, others=others, folder=folder
        )
    else:
        named = (policy.edges if policy else None) or ()
        plan, edges = await detaching(loaded, records, named=named, folder=folder)
    return Planned(plan, edges)


async def _released(
    service: Service, known: Remediation, stack: StackRecord, loaded: Loaded, folder: Path
) -> Planned | None:
    quarantine = await service.store.read(lambda view: quarantine_of(view, known))
    if quarantine is None:
        return None
    if quarantine.driver is Driver.SCRIPT:
        return await releasing_by_script(service, stack, quarantine, folder=folder)
    if quarantine.driver is Driver.SWAP:
        plan = await giving_groups_back(loaded, quarantine, folder=folder)
        doubts = state_doubts(stack, loaded.snapshot)
        if plan.empty and doubts:
            # What another state does not hold is isolated as before.
            raise RetryableError(doubts[0].reason)
        return Planned(plan)
    plan = await attaching(loaded, quarantine, folder=folder)
    if plan.empty:
        await refuse_detached(service, stack, loaded, quarantine)
    return Planned(plan)


async def _plan_script(
    service: Service,
    stack: StackRecord,
    loaded: Loaded,
    policy: Policy,
    records: Sequence[FindingRecord],
    folder: Path,
) -> Prepared:
    templates = await service.store.read(lambda view: templates_of(view, records))
    wanted = WantedRun(
        str(policy.script),
        f"policy {policy.name!r}",
        given_to(policy, records, templates),
        {record.address: record.type for record in records},
    )
    plan, job = await plan_script(service, stack, wanted, folder=folder)
    return Prepared(loaded.adapter, loaded.snapshot, plan, job)
