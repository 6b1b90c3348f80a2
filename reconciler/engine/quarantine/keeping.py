"""What is kept of a quarantine: written before its effect, then moved on by what was read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from reconciler.domain.edges import Edge
from reconciler.domain.events import QuarantineMoved
from reconciler.domain.plan import Plan
from reconciler.domain.quarantines import BY_HAND, Quarantine, QuarantineState
from reconciler.domain.records import POLICY, DriftDecision, FindingState, Json, Remediation
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.scripts import ScriptIsolation, isolation_by
from reconciler.engine.admission.guards.quarantine import GUARD
from reconciler.engine.due import advance_soon
from reconciler.engine.journal import ENGINE, audit, emit
from reconciler.engine.moves import policy_of
from reconciler.engine.quarantine.leaving import known_before
from reconciler.engine.quarantine.preparing import undo_of
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire import mapping


def store_undo(
    tx: Transaction,
    service: Service,
    known: Remediation,
    plan: Plan,
    edges: Collection[Edge],
    *,
    at: datetime,
) -> None:
    """Write what undoes `known`, in the transaction that writes the intent to detach.

    A second attempt keeps what the first has detached already.
    """
    before = tx.quarantines.get(known.id)
    kept = {edge.address: edge for edge in (*(before.edges if before else ()), *edges)}
    policy = policy_of(tx, known)
    limits = service.limits_of(known.stack, policy=policy.name if policy else None)
    script = _script_of(tx, before, plan, edges)
    undo = undo_of_attempts(before, plan, edges) if script is None else {}
    quarantine = Quarantine(
        id=known.id,
        stack=known.stack,
        finding_ids=known.finding_ids,
        edges=tuple(kept[address] for address in sorted(kept)),
        undo=undo,
        state=QuarantineState.ISOLATING,
        since=before.since if before else at,
        expires_at=at + limits.quarantine_time,
        group=known.policy_id or BY_HAND,
        script=script,
    )
    tell(tx, quarantine, "begun", at=at)


def _script_of(
    tx: Transaction, before: Quarantine | None, plan: Plan, edges: Collection[Edge]
) -> ScriptIsolation | None:
    """Return by which script `plan` isolates, with what was known before the first attempt."""
    if plan.script is None:
        return None
    if before is not None and before.script is not None:
        known = before.script.before
    else:
        known = known_before(edges, tx.findings.unhealed(plan.stack))
    return replace(isolation_by(plan.script), before=known)


def undo_of_attempts(before: Quarantine | None, plan: Plan, edges: Collection[Edge]) -> Json:
    """Return what undoes both attempts.

    Where the second one finds the isolation group, it is what the first one found that counts. Any
    other groups were given meanwhile by somebody, and are what is there now.
    """
    first, found = before.undo if before else {}, undo_of(plan)
    isolated = {
        edge.address
        for edge in edges
        if edge.attribute is not None
        and edge.address in first
        and edge.group in (found.get(edge.address, {}).get(edge.attribute) or ())
    }
    return {**first, **{k: v for k, v in found.items() if k not in isolated}}


def activate(tx: Transaction, quarantine: Quarantine, *, at: datetime) -> None:
    """Note that every edge is detached, and that its findings are of an isolated resource."""
    tell(tx, replace(quarantine, state=QuarantineState.ACTIVE), "active", at=at)
    tx.findings.put_many(
        replace(record, state=FindingState.QUARANTINED, acted_on=True)
        for record in tx.findings.get_many(quarantine.finding_ids)
        if record.state is FindingState.OPEN
    )


def end(tx: Transaction, quarantine: Quarantine, release: Remediation, *, at: datetime) -> None:
    """Note that no edge is detached any more; what still drifts is open again.

    Where a person released it, no policy asks for another quarantine of the same drift.
    """
    ended = replace(quarantine, state=QuarantineState.RELEASED, ended_at=at, release=release.id)
    # One that was asked for before its name was kept has the person's alone.
    by = quarantine.released_by or release.requested_by
    by_person = release.requested_by != POLICY
    tell(tx, ended, "released", at=at, actor=by if by_person else ENGINE)
    decision = DriftDecision(release.id, RemediationState.CONVERGED, by, "released from quarantine")
    tx.findings.put_many(
        replace(
            record, state=FindingState.OPEN, decision=decision if by_person else record.decision
        )
        for record in tx.findings.get_many(quarantine.finding_ids)
        if record.state is FindingState.QUARANTINED
    )
    _wake_held(tx, at=at)


def _wake_held(tx: Transaction, *, at: datetime) -> None:
    """Let what a quarantine held look again at once: by itself it looks ever more rarely.

    A policy's limit of quarantines holds those of other stacks as well.
    """
    for known in tx.remediations.in_states({RemediationState.HELD}):
        if known.guard == GUARD.name:
            tx.remediations.save(replace(known, next_at=at))
            advance_soon(tx, [known.id])


def quarantine_of(view: Transaction, known: Remediation) -> Quarantine | None:
    """Return the quarantine that `known` begins or ends."""
    begun = view.quarantines.get(known.id)
    if begun is not None:
        return begun
    open_ones = view.quarantines.unreleased(known.stack)
    return next((quarantine for quarantine in open_ones if quarantine.release == known.id), None)


def tell(
    tx: Transaction, quarantine: Quarantine, event: str, *, at: datetime, actor: str = ENGINE
) -> None:
    """Write `quarantine`, its audit row and its event."""
    tx.quarantines.put(quarantine)
    name = f"quarantine.{event}"
    body = mapping.shown(
        QuarantineMoved,
        quarantine,
        state=quarantine.state.value,
        driver=quarantine.driver.value,
        edges=list(quarantine.addresses),
        isolates=isolated(quarantine),
    )
    details = {
        "stack": quarantine.stack,
        "driver": body.driver,
        "edges": body.edges,
        "note": quarantine.note,
    }
    audit(tx, name, quarantine.id, at=at, actor=actor, details=details)
    emit(tx, name, quarantine.id, body, at=at)


def isolated(quarantine: Quarantine) -> list[str]:
    """Return the addresses of what is isolated."""
    return sorted({str(edge.isolates) for edge in quarantine.edges})
