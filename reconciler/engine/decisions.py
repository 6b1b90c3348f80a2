"""What people decide: each one transition, or a refusal with a stable code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.domain.errors import ConflictError, InvalidError
from reconciler.domain.model import Fingerprint
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    Approval,
    FindingState,
    Remediation,
    RemediationId,
    Run,
)
from reconciler.domain.remediation_states import BEFORE_EFFECT, Event, RemediationState
from reconciler.engine.due import go_on
from reconciler.engine.journal import audit, emit
from reconciler.engine.moves import (
    keep_decision,
    move,
    the_remediation,
    unhealed_of,
)
from reconciler.engine.persons import is_same, person_behind
from reconciler.engine.refusals import (
    already_healed,
    approvable,
    awaiting,
    check_digest,
    check_reason,
    moved_on,
    needing_person,
)
from reconciler.engine.runs import process_of, progress_body
from reconciler.engine.service import Service
from reconciler.stores import Transaction


@dataclass(frozen=True, slots=True)
class Through:
    """By which channel a person decided; the audit has it, written with the decision."""

    channel: str
    details: Mapping[str, str]


async def approve(
    service: Service,
    remediation_id: RemediationId,
    *,
    plan_digest: str,
    actor: str,
    person: str | None = None,
    through: Through | None = None,
) -> Remediation:
    """Let exactly the plan of `plan_digest` be applied; any other plan needs a new approval.

    It is that of `person`, None where that is whoever is behind `actor`. Where several have to
    approve, another one may while a plan is made after the first.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it awaits no approval (`not-awaiting`), shows another plan
            (`plan-digest-mismatch`), or somebody else than the person behind `actor` has to
            approve it (`own-request`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Remediation:
        whose = person_behind(tx, actor, person)
        known = approvable(tx, service, remediation_id, by=whose, at=at)
        check_digest(known, plan_digest)

        def is_own(name: str) -> bool:
            return is_same(tx, name, actor=actor, person=whose)

        if is_own(known.requested_by):
            _refuse_own(service, known, whose)
            # Guard `approvers` asks once more, by the limits of then.
            known = replace(known, requested_by=whose)
        others = tuple(each for each in known.approvals if not is_own(each.person))
        approval = Approval(person=whose, plan_digest=plan_digest, at=at)
        approved = replace(known, approvals=(*others, approval))
        _audit_channel(tx, known, through, at=at, actor=actor)
        return go_on(tx, move(tx, approved, Event.APPROVED, at=at, actor=actor))

    return await service.store.transact(work)


def _refuse_own(service: Service, known: Remediation, person: str) -> None:
    """Say at once what guard `approvers` would say after a plan.

    Raises:
        ConflictError: `person`, who asked for it, may not approve it (`own-request`).
    """
    limits = service.limits_of(known.stack)
    if not limits.own_approval:
        raise ConflictError(
            f"{person} asked for it, so somebody else has to approve it",
            code="own-request",
            remedy="a guardrail sets `own_approval = false` for this stack",
        )


async def reject(
    service: Service,
    remediation_id: RemediationId,
    *,
    reason: str,
    actor: str,
    plan_digest: str | None = None,
    through: Through | None = None,
) -> Remediation:
    """End it; no policy asks again until the drift changes. With `plan_digest`, only that plan.

    Raises:
        NotFoundError, ConflictError: see `approve`.
    """
    at = service.clock.now()
    check_reason(reason)

    def work(tx: Transaction) -> Remediation:
        known = awaiting(tx, remediation_id, at=at)
        check_digest(known, plan_digest)
        _audit_channel(tx, known, through, at=at, actor=actor)
        ended = move(tx, known, Event.REJECTED, at=at, actor=actor, note=reason)
        keep_decision(tx, ended, by=actor, reason=reason)
        return ended

    return await service.store.transact(work)


async def cancel(service: Service, remediation_id: RemediationId, *, actor: str) -> Remediation:
    """End it; an apply that is under way is asked to stop, exactly once, and then judged.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it has ended, or is just being verified (`moved-on`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> tuple[Remediation, Run | None]:
        known = the_remediation(tx, remediation_id)
        if known.state is RemediationState.APPLYING:
            return known, _ask_to_stop(tx, known, at=at, actor=actor)
        if known.state is RemediationState.NEEDS_HUMAN:
            event, note = Event.ABANDONED, _given_up(known, actor)
        elif known.state in BEFORE_EFFECT:
            event, note = Event.CANCELLED, f"cancelled by {actor}"
        else:
            raise moved_on(known, "cannot be cancelled any more")
        ended = move(tx, known, event, at=at, actor=actor, note=note)
        keep_decision(tx, ended, by=actor, reason=None)
        return ended, None

    remediation, run = await service.store.transact(work)
    process = process_of(run) if run else None
    if process is not None:
        service.runner.interrupt(process)
    return remediation


def _given_up(known: Remediation, actor: str) -> str:
    """Say why it has failed: what needed a person ends as that, whether or not anything ran."""
    return f"given up by {actor}" + ("" if known.attempts else " before anything was applied")


def _ask_to_stop(tx: Transaction, known: Remediation, *, at: datetime, actor: str) -> Run | None:
    """Return the run to interrupt; None when that was asked before, or it has not begun."""
    run = tx.runs.get(known.run_id) if known.run_id else None
    if run is None or run.summary is not None:
        return None
    if process_of(run) is None:
        raise ConflictError(
            "its apply is just beginning", code="moved-on", remedy="cancel it again in a moment"
        )
    asked = replace(run, summary=f"asked to stop by {actor}")
    tx.runs.put(asked)
    audit(tx, "run.interrupted", run.id, at=at, actor=actor, details={"remediation": known.id})
    emit(tx, "run.progress", run.id, progress_body(asked, {}, []), at=at)
    return asked


async def retry(
    service: Service,
    remediation_id: RemediationId,
    *,
    reason: str,
    actor: str,
    plan_digest: str | None = None,
) -> Remediation:
    """Begin anew what needed a person: with a fresh plan, and no approval left.

    With `plan_digest`, only where that is the plan it has.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it does not wait for that (`moved-on`), has another plan
            (`plan-digest-mismatch`), or its drift is gone (`already-healed`).
    """
    at = service.clock.now()
    check_reason(reason)

    def work(tx: Transaction) -> Remediation:
        known = needing_person(tx, remediation_id)
        check_digest(known, plan_digest)
        about_drift = known.action_type is not ActionType.RELEASE
        if about_drift and not unhealed_of(tx, known):
            raise already_healed(known.id)
        anew = replace(
            known,
            attempts=0,
            approvals=(),
            plan=None,
            plan_digest=None,
            change_digest=None,
            fingerprints=_fingerprints_now(tx, known),
        )
        return go_on(tx, move(tx, anew, Event.RETRIED, at=at, actor=actor, note=reason))

    return await service.store.transact(work)


async def suppress(
    service: Service,
    remediation_id: RemediationId,
    *,
    reason: str,
    actor: str,
    until: datetime | None = None,
    plan_digest: str | None = None,
) -> Remediation:
    """End it and ignore its findings until they change or `until` has passed.

    They stay visible as ignored; `engine.suppression` makes them open again. With `plan_digest`,
    only where that is the plan it has.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it waits for no person (`moved-on`), or has another plan
            (`plan-digest-mismatch`).
        InvalidError: `until` is over already.
    """
    at = service.clock.now()
    check_reason(reason)
    if until is not None and until <= at:
        raise InvalidError("a suppression cannot end before it begins")

    def work(tx: Transaction) -> Remediation:
        known = the_remediation(tx, remediation_id)
        if known.state not in (RemediationState.NEEDS_HUMAN, RemediationState.AWAITING_APPROVAL):
            raise moved_on(known, "does not wait for a decision")
        check_digest(known, plan_digest)
        ended = move(tx, known, Event.IGNORED, at=at, actor=actor, note=reason)
        keep_decision(tx, ended, by=actor, reason=reason, until=until)
        tx.findings.put_many(
            replace(record, state=FindingState.IGNORED, acted_on=False)
            for record in unhealed_of(tx, ended)
        )
        return ended

    return await service.store.transact(work)


def _audit_channel(
    tx: Transaction, known: Remediation, through: Through | None, *, at: datetime, actor: str
) -> None:
    if through is not None:
        details = {"channel": through.channel, **through.details}
        audit(tx, "channel.decided", known.id, at=at, actor=actor, details=details)


def _fingerprints_now(tx: Transaction, known: Remediation) -> tuple[Fingerprint, ...]:
    records = {record.id: record for record in tx.findings.get_many(known.finding_ids)}
    return tuple(
        records[finding_id].fingerprint if finding_id in records else before
        for finding_id, before in zip(known.finding_ids, known.fingerprints, strict=True)
    )
