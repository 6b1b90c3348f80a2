"""A plan, why a person should look at it first, and which of the drifted resources are why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.domain.belonging import together
from reconciler.domain.concerned import concerned
from reconciler.domain.concerns import concerns
from reconciler.domain.followers import followed_by
from reconciler.domain.lifecycle import finding_of, is_planned, targets_of
from reconciler.domain.model import ProviderDoubt, ResourceAddress, Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.records import FindingRecord, StackRecord
from reconciler.domain.state_lineage import StateMark, doubt_since_scan
from reconciler.domain.swept import swept_away


@dataclass(frozen=True, slots=True)
class JudgedPlan:
    """A plan with a sentence per reason why it needs a person.

    `concerned` are the drifted resources without which it would need none; it is empty where
    that is not so. `sets` divides the drifted resources into those that one plan would touch.
    `moved` is where the record has what is swapped now, by the address that it had;
    `isolates` is what a quarantine cuts off. `unapproved` are the concerns that were not there
    when it was approved.
    """

    plan: Plan
    concerns: tuple[str, ...] = ()
    concerned: frozenset[ResourceAddress] = frozenset()
    sets: tuple[frozenset[ResourceAddress], ...] = ()
    moved: Mapping[ResourceAddress, ResourceAddress] = field(default_factory=dict)
    isolates: tuple[ResourceAddress, ...] = ()
    unapproved: tuple[str, ...] = ()


def judged_plan(
    plan: Plan,
    records: Sequence[FindingRecord],
    *,
    snapshot: Snapshot,
    stack: StackRecord | None,
    others: Iterable[FindingRecord] = (),
) -> JudgedPlan:
    """Return `plan` held against the drift that it is to undo; `others` of the stack are known.

    What a load tells of the providers counts, and what only the last scan of the whole stack
    could tell: what vanished together, what was not read. The state may have been exchanged since.
    """
    doubts = doubts_of(stack, snapshot)
    findings = [finding_of(record) for record in records]
    others = tuple(others)
    swept = swept_away(plan, others)
    drifted = targets_of(record for record in others if is_planned(record))
    dependencies = {resource.address: resource.dependencies for resource in snapshot.resources}
    return JudgedPlan(
        plan,
        (
            *concerns(plan, findings, doubts=doubts, drifted=drifted),
            *swept,
            *followed_by(plan, dependencies),
        ),
        # What a plan sweeps away is a reason to look at all of it.
        frozenset()
        if swept
        else concerned(plan, findings, dependencies=dependencies, doubts=doubts),
        together((record.address for record in records), dependencies),
    )


def doubts_of(stack: StackRecord | None, snapshot: Snapshot) -> tuple[ProviderDoubt, ...]:
    """Return what is doubtful of the providers of `stack`, and of its state as it is now.

    What the load of `snapshot` tells of them comes first.
    """
    scanned = stack.provider_doubts if stack is not None else ()
    return (*snapshot.provider_doubts, *state_doubts(stack, snapshot), *scanned)


def state_doubts(stack: StackRecord | None, snapshot: Snapshot) -> tuple[ProviderDoubt, ...]:
    """Return why the state of `snapshot` cannot follow upon the one that was scanned last."""
    if stack is None:
        return ()
    doubt = doubt_since_scan(stack, StateMark(snapshot.lineage, snapshot.serial))
    return () if doubt is None else (doubt,)
