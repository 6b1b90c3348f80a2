"""One attempt: a fresh plan, and if it may be, exactly that plan applied."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from reconciler.domain.cadence import patience
from reconciler.domain.errors import (
    NotFoundError,
    ReconcilerError,
    RetryableError,
    StorageError,
)
from reconciler.domain.lifecycle import finding_of
from reconciler.domain.model import ProviderDoubt
from reconciler.domain.phases import Event
from reconciler.domain.plan import Plan, concerns
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    FindingRecord,
    Remediation,
    Run,
    RunId,
    RunState,
    StackRecord,
)
from reconciler.engine.due import scan_soon
from reconciler.engine.fleet import defect
from reconciler.engine.folders import drop, make_private
from reconciler.engine.follow import Prepared, begin
from reconciler.engine.freshness import CHANGED, GONE, moved_since, read_again
from reconciler.engine.guards import closed_guard
from reconciler.engine.journal import emit, new_id
from reconciler.engine.looking import Look, load, reference_of
from reconciler.engine.moves import move, sentence, settle, unhealed_of
from reconciler.engine.opening import Rules, drift_changed
from reconciler.engine.plan_object import plan_object
from reconciler.engine.runs import run_body
from reconciler.engine.service import Service
from reconciler.ports import RunnerJob
from reconciler.stores import Transaction

NOTHING_TO_DO: Final = "the tool's plan contains no changes"


async def attempt(service: Service, known: Remediation) -> bool:
    """Plan `known` anew, and apply that plan if a person or a policy allows exactly it.

    The intent is in the store before the runner begins. Returns whether there is a next step.
    """
    run_id = RunId(new_id())
    folder = service.runs / run_id
    begun = None
    with ExitStack() as held:
        try:
            prepared = await _prepare(service, known, folder)
            if isinstance(prepared, ReconcilerError):
                return await _not_planned(service, known, prepared)
            checked = await _check(service, known, prepared.plan, held)
            if isinstance(checked, ReconcilerError):
                return await _not_planned(service, known, checked)
            at = service.clock.now()
            begun = await service.store.transact(
                lambda tx: _conclude(tx, service, known, prepared, checked, run_id=run_id, at=at)
            )
        finally:
            if begun is None:
                drop(folder)
        if begun is None:
            return True
        assert checked is not None  # noqa: S101 - nothing begins without a check
        return await begin(service, begun, prepared, holding=checked.holding)


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a fresh read showed under the stack's lock, which is held until the apply ended."""

    seen: Look
    holding: int


async def _check(
    service: Service, known: Remediation, plan: Plan, held: ExitStack
) -> _Checked | ReconcilerError | None:
    """Read what the plan is about once more, with the stack's lock; None when it does nothing.

    From here to the end of the apply no other trueup of this user on this host writes there.
    """
    if plan.empty:
        return None
    stack, records = await service.store.read(
        lambda view: (view.stacks.get(known.stack), unhealed_of(view, known))
    )
    if stack is None:
        return NotFoundError(f"stack {known.stack} is not registered any more")
    try:
        reference = await reference_of(service, stack)
        holding = await asyncio.to_thread(service.apply_locks.acquire, reference)
    except ReconcilerError as error:
        return error
    held.callback(os.close, holding)
    seen = await read_again(service, stack, records)
    return seen if isinstance(seen, ReconcilerError) else _Checked(seen, holding)


async def _prepare(
    service: Service, known: Remediation, folder: Path
) -> Prepared | ReconcilerError:
    stack, records = await service.store.read(
        lambda view: (view.stacks.get(known.stack), unhealed_of(view, known))
    )
    if stack is None:
        return NotFoundError(f"stack {known.stack} is not registered any more")
    try:
        return await _plan(service, stack, records, folder)
    except StorageError:
        raise
    except ReconcilerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - nothing was changed, and a person is told
        return defect(error)


async def _plan(
    service: Service, stack: StackRecord, records: Sequence[FindingRecord], folder: Path
) -> Prepared:
    make_private(folder)
    loaded = await load(service, stack)
    addresses = tuple(record.address for record in records)
    if not addresses:
        # Never without a target: that would plan, and correct, everything.
        empty = Plan(stack=stack.name, targets=(), resources=())
        return Prepared(loaded.adapter, loaded.snapshot, empty, _NO_JOB)
    plan = await loaded.adapter.plan(loaded.snapshot, addresses, folder=folder)
    job = loaded.adapter.correction(loaded.snapshot, folder=folder)
    return Prepared(loaded.adapter, loaded.snapshot, plan, job)


_NO_JOB: Final = RunnerJob(argv=(), directory=Path(), environment={})


async def _not_planned(service: Service, known: Remediation, error: ReconcilerError) -> bool:
    """Wait when it is worth waiting, else hand it to a person."""
    at = service.clock.now()
    note = sentence(error)

    def work(tx: Transaction) -> None:
        if isinstance(error, RetryableError):
            again = at + patience(_wanted_since(known), at)
            move(tx, known, Event.PLAN_FAILED, at=at, note=note, next_at=again)
        else:
            move(tx, known, Event.GIVEN_UP, at=at, note=note)

    await service.store.transact(work)
    return True


def _wanted_since(known: Remediation) -> datetime:
    return max((approval.at for approval in known.approvals), default=known.created_at)


def _conclude(  # noqa: PLR0913 - one transaction over everything that is known
    tx: Transaction,
    service: Service,
    known: Remediation,
    prepared: Prepared,
    checked: _Checked | None,
    *,
    run_id: RunId,
    at: datetime,
) -> tuple[Remediation, Run] | None:
    """Decide what the plan means; the intent when it is to be applied now."""
    plan = prepared.plan
    records = unhealed_of(tx, known)
    if not records:
        move(tx, known, Event.DRIFT_GONE, at=at, note=GONE)
        return None
    if drift_changed(known, records):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=CHANGED)
        return None
    if checked is not None and moved_since(tx, known, records, checked.seen):
        return None
    if plan.empty:
        ended = move(tx, known, Event.PLAN_EMPTY, at=at, note=NOTHING_TO_DO)
        settle(tx, ended, {"state": ended.phase.value, "reason": NOTHING_TO_DO})
        scan_soon(tx, known.stack, at=at)
        return None
    reasons = concerns(
        plan,
        [finding_of(record) for record in records],
        doubts=(*prepared.snapshot.provider_doubts, *_doubts_of_last_scan(tx, known)),
    )
    planned = replace(known, plan=plan_object(plan, concerns=reasons), plan_digest=str(plan.digest))
    needed = _needs_person(tx, planned, records, reasons, at=at)
    if needed is not None:
        _await_approval(tx, service, planned, needed, at=at)
        return None
    return _intend(tx, planned, prepared.job, run_id=run_id, at=at)


def _doubts_of_last_scan(tx: Transaction, known: Remediation) -> Sequence[ProviderDoubt]:
    """Return what only a scan of everything tells: what vanished together, what was not read."""
    stack = tx.stacks.get(known.stack)
    return stack.provider_doubts if stack is not None else ()


def _needs_person(
    tx: Transaction,
    planned: Remediation,
    records: Sequence[FindingRecord],
    reasons: Sequence[str],
    *,
    at: datetime,
) -> str | None:
    """Return why the plan may not be applied before somebody approves it; None when it may."""
    if any(approval.plan_digest == planned.plan_digest for approval in planned.approvals):
        return None
    if planned.approvals:
        return "the plan changed after it was approved; approve the new one"
    if planned.action_type is not ActionType.AUTO_CORRECT:
        return (
            "policy requires approval"
            if planned.policy_id
            else "a requested correction requires approval"
        )
    if not Rules(tx, at).still_wanted(planned, records):
        return "no policy allows this correction without approval"
    return "; ".join(reasons) or None


def _await_approval(
    tx: Transaction, service: Service, planned: Remediation, why: str, *, at: datetime
) -> None:
    waiting = replace(planned, approvals=(), expires_at=at + service.approval_time)
    move(tx, waiting, Event.APPROVAL_NEEDED, at=at, note=why, next_at=waiting.expires_at)


def _intend(
    tx: Transaction, planned: Remediation, job: RunnerJob, *, run_id: RunId, at: datetime
) -> tuple[Remediation, Run] | None:
    closed = closed_guard(tx, planned, at=at)
    if closed is not None:
        held = replace(planned, hold_reason=closed.reason, hold_until=closed.until)
        move(tx, held, Event.GUARD_CLOSED, at=at, note=closed.reason, next_at=closed.next_at(at))
        return None
    intent = replace(planned, run_id=run_id, attempts=planned.attempts + 1)
    run = Run(
        id=run_id,
        remediation_id=planned.id,
        stack=planned.stack,
        state=RunState.STARTED,
        plan_digest=str(planned.plan_digest),
        folder=f"runs/{run_id}",
        started_at=at,
        argv_digest=hashlib.sha256("\0".join(job.argv).encode("utf-8", "replace")).hexdigest(),
        boot_id="",
    )
    moved = move(tx, intent, Event.APPLY_STARTED, at=at)
    tx.runs.put(run)
    emit(tx, "run.started", run.id, at=at, body=run_body(run))
    return moved, run
