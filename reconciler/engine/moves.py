"""The one way a remediation moves: table, row, audit and event in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.domain.errors import NotFoundError, ReconcilerError
from reconciler.domain.events import REMEDIATION, RemediationMoved
from reconciler.domain.policy import ActionType, Policy
from reconciler.domain.records import (
    DriftDecision,
    FindingId,
    FindingRecord,
    FindingState,
    Remediation,
    RemediationId,
)
from reconciler.domain.remediation_states import TERMINAL, Event, RemediationState, next_state
from reconciler.domain.wakeups import AdvanceRemediation
from reconciler.engine.journal import ENGINE, audit, emit
from reconciler.stores import Transaction
from reconciler.wire import mapping


def move(  # noqa: PLR0913 - what is kept of a transition
    tx: Transaction,
    known: Remediation,
    event: Event,
    *,
    at: datetime,
    actor: str = ENGINE,
    note: str | None = None,
    next_at: datetime | None = None,
    guard: str | None = None,
) -> Remediation:
    """Write where `event` leads `known`, with whatever else the caller changed in it.

    `guard` is the name of the guard that moved it.

    Raises:
        ConflictError: somebody moved it in between (`moved-on`), or another one of its stack
            is in effect (`stack-busy`).
        IllegalTransitionError: the table has no such row.
    """
    state = next_state(known.state, event)
    held = state is RemediationState.HELD
    moved = tx.remediations.save(
        replace(
            known,
            state=state,
            updated_at=at,
            note=note,
            guard=guard,
            next_at=None if state in TERMINAL else next_at,
            expires_at=known.expires_at if state is RemediationState.AWAITING_APPROVAL else None,
            hold_reason=known.hold_reason if held else None,
            hold_until=known.hold_until if held else None,
        )
    )
    tell(tx, moved, at=at, actor=actor, step=(known.state, event))
    if moved.next_at is not None:
        tx.wake(AdvanceRemediation(moved.id, moved.next_at))
    return moved


def tell(
    tx: Transaction,
    remediation: Remediation,
    *,
    at: datetime,
    actor: str = ENGINE,
    step: tuple[RemediationState, Event] | None = None,
) -> None:
    """Write the audit row and the event of where `remediation` stands now."""
    name = f"{REMEDIATION}{remediation.state.value}"
    details: dict[str, object] = {"stack": remediation.stack, "note": remediation.note}
    if step is not None:
        details |= {"from": step[0].value, "event": step[1].value}
    if remediation.guard is not None:
        details["guard"] = remediation.guard
    if remediation.plan_digest is not None:
        details["plan_digest"] = remediation.plan_digest
    details |= _decided_by(remediation)
    audit(tx, name, remediation.id, at=at, actor=actor, details=details)
    previous, cause = (step[0].value, step[1].value) if step else (None, None)
    body = mapping.shown(
        RemediationMoved,
        remediation,
        finding_ids=list(_about(tx, remediation)),
        state=remediation.state.value,
        previous_state=previous,
        cause=cause,
    )
    emit(tx, name, remediation.id, body, at=at)


def _about(tx: Transaction, remediation: Remediation) -> tuple[FindingId, ...]:
    """Return the findings that the event names; a release is about those of its quarantine."""
    if remediation.action_type is not ActionType.RELEASE:
        return remediation.finding_ids
    quarantines = tx.quarantines.unreleased(remediation.stack)
    return next(
        (
            quarantine.finding_ids
            for quarantine in quarantines
            if quarantine.release == remediation.id
        ),
        (),
    )


def _decided_by(remediation: Remediation) -> dict[str, object]:
    """Return which policy decided, in which version, and a digest of the drift it was asked of."""
    drift = zip(remediation.finding_ids, remediation.fingerprints, strict=True)
    text = "\n".join(f"{finding_id} {fingerprint}" for finding_id, fingerprint in drift)
    said: dict[str, object] = {"inputs": hashlib.sha256(text.encode()).hexdigest()}
    if remediation.policy_id is not None:
        said["policy_id"] = remediation.policy_id
    evaluation = remediation.evaluations.get("policy")
    if evaluation is not None and evaluation.failed is None:
        said["policies"] = evaluation.result.get("policies")
    return said


def the_remediation(tx: Transaction, remediation_id: RemediationId) -> Remediation:
    """Return the remediation of that id.

    Raises:
        NotFoundError: there is none.
    """
    found = tx.remediations.get(remediation_id)
    if found is None:
        raise NotFoundError(f"there is no remediation {remediation_id}")
    return found


def policy_of(view: Transaction, known: Remediation) -> Policy | None:
    """Return the policy that asked for `known`; None of a person's, and where it is gone."""
    return view.policies.get(known.policy_id) if known.policy_id else None


def keep_decision(
    tx: Transaction,
    remediation: Remediation,
    *,
    reason: str | None,
    by: str | None = None,
    until: datetime | None = None,
) -> None:
    """Let no policy ask again about the drift of `remediation`, until that changes or `until`."""
    decision = DriftDecision(remediation.id, remediation.state, by, reason, until)
    decided = dict(zip(remediation.finding_ids, remediation.fingerprints, strict=True))
    tx.findings.put_many(
        replace(record, decision=decision)
        for record in tx.findings.get_many(remediation.finding_ids)
        if record.state is FindingState.OPEN and record.fingerprint == decided[record.id]
    )


def wanted_since(known: Remediation) -> datetime:
    """Return when it was approved last, or else opened."""
    return max((approval.at for approval in known.approvals), default=known.created_at)


def unhealed_of(tx: Transaction, remediation: Remediation) -> tuple[FindingRecord, ...]:
    """Return those of its findings that are still there, in their order."""
    return still_there(tx.findings.get_many(remediation.finding_ids))


def still_there(records: Iterable[FindingRecord]) -> tuple[FindingRecord, ...]:
    """Return `records` without those that healed."""
    return tuple(record for record in records if record.state is not FindingState.HEALED)


def sentence(error: ReconcilerError) -> str:
    """Return what a person should read of `error`, with what to do about it."""
    return f"{error}; {error.remedy}" if error.remedy else str(error)
