"""One plan, approved by whoever calls, carried out now: what an embedding program asks for.

It is a remediation like any other. It is planned anew, held against the live objects, applied by
a runner, verified, and adopted by the next process when this one dies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.cadence import NOT_SCANNED
from reconciler.domain.errors import ConflictError, PermanentError, ReconcilerError, RetryableError
from reconciler.domain.lifecycle import fold
from reconciler.domain.model import Origin
from reconciler.domain.plan import Plan
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    Approval,
    FindingRecord,
    Remediation,
    RemediationId,
    Run,
    RunState,
    StackRecord,
)
from reconciler.domain.remediation_states import (
    BEFORE_EFFECT,
    IN_EFFECT,
    OPEN,
    Event,
    RemediationState,
)
from reconciler.domain.sources import SCAN
from reconciler.engine.admission.guards import kill_switch
from reconciler.engine.findings import keep
from reconciler.engine.journal import PROGRAM
from reconciler.engine.moves import keep_decision, move, tell
from reconciler.engine.new_remediations import new_remediation
from reconciler.engine.remediate import advance
from reconciler.engine.scanned import Blind, Scanned, scan
from reconciler.engine.service import Service
from reconciler.engine.stacks import forget
from reconciler.ports import Done, Failed, InDoubt, Outcome
from reconciler.stores import Transaction

_LEFT: Final = "the program that asked for it ended before it was applied"
_REMEDIES: Final = {kill_switch.GUARD.name: "`trueup resume` lets corrections begin again"}
_WAIT: Final = "apply again when this is over"
_STALE: Final = "make a new plan, and look at it before you approve it"


async def apply_once(service: Service, stack: StackRecord, plan: Plan) -> Outcome:
    """Carry out `plan`, which the caller approves, if a plan made now is the same; then verify it.

    The caller holds the data directory, so nobody else is at work with this store.

    Raises:
        ConflictError: the plan of now is another one (`plan-stale`), a hold is set (`held`), or
            an apply of the stack is not over (`stack-busy`).
        RetryableError: the state is locked, or a backend did not answer; nothing was done.
        PermanentError: no plan can be made; nothing was done.
    """
    await _end_what_was_left(service, stack)
    seen = await scan(service, stack, addresses=frozenset(plan.targets))
    if isinstance(seen, Blind):
        raise seen.error
    opened = await service.store.transact(lambda tx: _open(tx, service, stack, plan, seen))
    try:
        await advance(service, opened)
        return await _told(service, opened)
    finally:
        await service.store.transact(lambda tx: _close(tx, stack, opened, at=service.clock.now()))


def end_left_by_programs(tx: Transaction, *, at: datetime) -> None:
    """End what programs that are gone had asked for and not begun; nobody asks for it any more."""
    for known in tx.remediations.in_states(OPEN):
        if known.requested_by == PROGRAM:
            _end(tx, known, at=at, note=_LEFT)


async def _end_what_was_left(service: Service, stack: StackRecord) -> None:
    """Adopt or verify an apply that an earlier program began, and end what it did not begin."""
    at = service.clock.now()
    await service.store.transact(lambda tx: end_left_by_programs(tx, at=at))
    for known in await service.store.read(lambda view: view.remediations.open_of(stack.name)):
        if known.state in IN_EFFECT:
            await advance(service, known.id)
    busy = await service.store.read(lambda view: _in_effect(view, stack))
    if busy is not None:
        raise ConflictError(
            f"remediation {busy.id} of stack {stack.name} is {busy.state}: {busy.note}",
            code="stack-busy",
            remedy="apply again when it has ended",
        )


def _in_effect(view: Transaction, stack: StackRecord) -> Remediation | None:
    open_ones = view.remediations.open_of(stack.name)
    return next((remediation for remediation in open_ones if remediation.state in IN_EFFECT), None)


def _open(
    tx: Transaction, service: Service, stack: StackRecord, plan: Plan, seen: Scanned
) -> RemediationId:
    """Keep what was seen, and open the one remediation that is about exactly the plan's targets."""
    if (unread := seen.unread(plan.targets)) is not None:
        raise RetryableError(unread)
    at = seen.report.observed_at
    if tx.stacks.get(stack.name) is None:
        tx.stacks.put(replace(stack, source=NOT_SCANNED))
    records = _records(tx, stack, plan, seen)
    for record in records:
        other = tx.remediations.open_with(record.id)
        if other is not None:
            _end(tx, other, at=at, note=f"an {PROGRAM} applies a plan of its own")
    fresh = new_remediation(records, ActionType.MANUAL_REVIEW, at=at, requested_by=PROGRAM)
    yes = Approval(person=PROGRAM, plan_digest=plan.digest, at=at)
    approved = replace(
        fresh,
        state=RemediationState.QUEUED,
        approvals=(yes,),
        plan_digest=plan.digest,
        # The program is told of a failure; nobody tries again behind its back.
        attempts=service.attempts - 1,
    )
    tx.remediations.add(approved)
    tell(tx, approved, at=at, actor=PROGRAM)
    return approved.id


def _records(
    tx: Transaction, stack: StackRecord, plan: Plan, seen: Scanned
) -> Sequence[FindingRecord]:
    asked = frozenset(plan.targets)
    known = tx.findings.unhealed(stack.name)
    keep(
        tx,
        stack.name,
        fold(known, seen.report, asked=asked),
        at=seen.report.observed_at,
    )
    records = [
        finding
        for finding in tx.findings.unhealed(stack.name)
        if finding.address in asked
        and finding.seen_by == SCAN
        and finding.origin is not Origin.UNDECLARED
    ]
    gone = sorted(asked - {record.address for record in records})
    if gone:
        raise ConflictError(f"{gone[0]} has no drift any more", code="plan-stale", remedy=_STALE)
    return records


def _end(tx: Transaction, known: Remediation, *, at: datetime, note: str) -> Remediation | None:
    """End what has not begun; None where it has."""
    if known.state in BEFORE_EFFECT:
        return move(tx, known, Event.CANCELLED, at=at, note=note)
    if known.state is RemediationState.NEEDS_HUMAN:
        return move(tx, known, Event.ABANDONED, at=at, note=note)
    return None


async def _told(service: Service, opened: RemediationId) -> Outcome:
    """Return how the apply ended; where nothing was applied, raise why."""
    known, run = await service.store.read(lambda view: _with_run(view, opened))
    if run is not None:
        return _outcome(run)
    raise _not_applied(known)


def _with_run(view: Transaction, opened: RemediationId) -> tuple[Remediation, Run | None]:
    known = view.remediations.get(opened)
    if known is None:
        raise PermanentError(f"remediation {opened} is gone")
    return known, view.runs.get(known.run_id) if known.run_id else None


def _outcome(run: Run) -> Outcome:
    summary = run.summary or run.state.value
    match run.state:
        case RunState.FINISHED:
            return Done(summary)
        case RunState.FAILED:
            return Failed(summary)
        case _:
            return InDoubt(summary)


def _not_applied(known: Remediation) -> ReconcilerError:
    note = known.note or known.state.value
    match known.state:
        case RemediationState.HELD:
            return ConflictError(note, code="held", remedy=_REMEDIES.get(known.guard or "", _WAIT))
        case RemediationState.QUEUED:
            return RetryableError(note)
        case RemediationState.NEEDS_HUMAN:
            return PermanentError(note)
        case _:
            return ConflictError(
                f"the world or the code moved on since the plan was made: {note}",
                code="plan-stale",
                remedy=_STALE,
            )


def _close(tx: Transaction, stack: StackRecord, opened: RemediationId, *, at: datetime) -> None:
    """Leave nothing open that only this program would go on with."""
    known = tx.remediations.get(opened)
    if known is not None and known.state in OPEN:
        ended = _end(tx, known, at=at, note=known.note or "it was not applied")
        if ended is not None and ended.run_id is not None:
            keep_decision(tx, ended, reason=ended.note)
    registered = tx.stacks.get(stack.name)
    if registered is not None and registered.source == NOT_SCANNED and not _in_effect(tx, stack):
        forget(tx, registered, at=at, actor=PROGRAM)
