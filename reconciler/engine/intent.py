"""What a plan means, decided in one transaction: the intent to apply it, or why not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import FindingRecord, Remediation, Run, RunId, RunState
from reconciler.domain.remediation_states import Event
from reconciler.engine.admitting import admitted
from reconciler.engine.asked_plan import asked_about, since_approved
from reconciler.engine.due import scan_soon
from reconciler.engine.freshness import Checked, moved_since, overtaken
from reconciler.engine.journal import emit
from reconciler.engine.judged_plan import (
    JudgedPlan,
    judged_plan,
    state_doubts,
)
from reconciler.engine.moves import keep_decision, move, unhealed_of
from reconciler.engine.preparing import Prepared
from reconciler.engine.quarantine.keeping import end, quarantine_of, store_undo
from reconciler.engine.quarantine.preparing import judged_release
from reconciler.engine.runs import run_body
from reconciler.engine.service import Service
from reconciler.engine.void_approvals import tell_voided
from reconciler.ports import RunnerJob
from reconciler.stores import Transaction

NOTHING_TO_DO: Final = "the tool's plan contains no changes"


def conclude(  # noqa: PLR0913 - one transaction over everything that is known
    tx: Transaction,
    service: Service,
    known: Remediation,
    prepared: Prepared,
    checked: Checked | None,
    *,
    run_id: RunId,
    at: datetime,
) -> tuple[Remediation, Run] | None:
    """Decide what the plan means; the intent when it is to be applied now."""
    plan = prepared.plan
    records = unhealed_of(tx, known)
    if overtaken(tx, known, records, at=at):
        return None
    if checked is not None and moved_since(tx, known, records, checked.seen):
        return None
    quarantine = quarantine_of(tx, known) if known.action_type is ActionType.RELEASE else None
    if plan.empty:
        ended = move(tx, known, Event.PLAN_EMPTY, at=at, note=NOTHING_TO_DO)
        keep_decision(tx, ended, reason=NOTHING_TO_DO)
        if quarantine is not None:
            end(tx, quarantine, ended, at=at)
        scan_soon(tx, known.stack, at=at)
        return None
    judged = _judged(tx, known, prepared, records, quarantine)
    judged = replace(judged, unapproved=since_approved(known, judged))
    planned = asked_about(known, judged)
    if judged.unapproved:
        tell_voided(tx, known, at=at)
    if not admitted(tx, service, planned, at=at, planned=judged):
        return None
    if known.action_type is ActionType.QUARANTINE:
        store_undo(tx, service, planned, plan, prepared.edges, at=at)
    return _intend(tx, planned, prepared.job, run_id=run_id, at=at)


def _judged(
    tx: Transaction,
    known: Remediation,
    prepared: Prepared,
    records: Sequence[FindingRecord],
    quarantine: Quarantine | None,
) -> JudgedPlan:
    """Return the plan with why a person should look at it; of a quarantine a person always does."""
    stack = tx.stacks.get(known.stack)
    if quarantine is not None:
        return judged_release(prepared.plan, quarantine, snapshot=prepared.snapshot, stack=stack)
    if known.action_type.is_about_edges:
        isolates = tuple(sorted({edge.isolates for edge in prepared.edges}))
        doubts = state_doubts(stack, prepared.snapshot)
        reasons = (*prepared.plan.remarks, *(doubt.reason for doubt in doubts))
        return JudgedPlan(prepared.plan, reasons, isolates=isolates)
    others = tx.findings.unhealed(known.stack)
    judged = judged_plan(
        prepared.plan, records, snapshot=prepared.snapshot, stack=stack, others=others
    )
    return replace(judged, moved=prepared.moved)


def _intend(
    tx: Transaction, planned: Remediation, job: RunnerJob, *, run_id: RunId, at: datetime
) -> tuple[Remediation, Run]:
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
        unasked=planned.unasked,
    )
    moved = move(tx, intent, Event.APPLY_STARTED, at=at)
    tx.runs.put(run)
    emit(tx, "run.started", run.id, run_body(run), at=at)
    return moved, run
