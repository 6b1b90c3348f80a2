"""What people decide: each one transition, or a refusal with a stable code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import HoldReleased, HoldSet
from reconciler.domain.model import Fingerprint, ResourceAddress, StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    Approval,
    FindingState,
    Hold,
    Remediation,
    RemediationId,
    ReportId,
    Run,
)
from reconciler.domain.remediation_states import BEFORE_EFFECT, Event, RemediationState
from reconciler.engine.due import advance_soon
from reconciler.engine.journal import ENGINE, audit, emit
from reconciler.engine.moves import (
    keep_decision,
    move,
    the_remediation,
    unhealed_of,
)
from reconciler.engine.new_remediations import begin, new_remediation
from reconciler.engine.persons import is_same, person_behind
from reconciler.engine.quarantine.asking import GAVE_WAY, gives_way, of_its_resource, take_in
from reconciler.engine.refusals import (
    LONGEST_REASON,
    already_healed,
    awaiting,
    check_digest,
    check_reason,
    finding_of_report,
    moved_on,
    needing_person,
)
from reconciler.engine.runs import process_of, progress_body
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.model import encode


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

    It is that of `person`, None where that is whoever is behind `actor`.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it awaits no approval (`not-awaiting`), shows another plan
            (`plan-digest-mismatch`), or somebody else than the person behind `actor` has to
            approve it (`own-request`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Remediation:
        known = awaiting(tx, remediation_id, at=at)
        check_digest(known, plan_digest)
        whose = person_behind(tx, actor, person)

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
        return _go_on(tx, move(tx, approved, Event.APPROVED, at=at, actor=actor))

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
            event = Event.ABANDONED
        elif known.state in BEFORE_EFFECT:
            event = Event.CANCELLED
        else:
            raise moved_on(known, "cannot be cancelled any more")
        ended = move(tx, known, event, at=at, actor=actor, note=f"cancelled by {actor}")
        keep_decision(tx, ended, by=actor, reason=None)
        return ended, None

    remediation, run = await service.store.transact(work)
    process = process_of(run) if run else None
    if process is not None:
        service.runner.interrupt(process)
    return remediation


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
            fingerprints=_fingerprints_now(tx, known),
        )
        return _go_on(tx, move(tx, anew, Event.RETRIED, at=at, actor=actor, note=reason))

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


async def request(
    service: Service,
    report_id: ReportId,
    *,
    action_type: ActionType | None = None,
    isolation_group: str | None = None,
    actor: str,
    person: str | None = None,
) -> Remediation:
    """Return the open remediation of the report's finding, opening one where there is none.

    A quarantine with an `isolation_group` swaps groups, and detaches no edge. Where one of the
    same resource waits, that is of this finding too from now on.

    A person's wish is no approval: its plan awaits one, unless a policy lets it be
    corrected unasked.

    Raises:
        NotFoundError: there is no such report.
        ConflictError: its drift is gone (`already-healed`), its resource is isolated so already
            (`already-quarantined`), or another remediation has to end first
            (`other-remediation`, `moved-on`).
        InvalidError: an isolation group is given, and no quarantine is asked for.
    """
    if isolation_group is not None and action_type is not ActionType.QUARANTINE:
        raise InvalidError(
            "an isolation group isolates, and no quarantine is asked for",
            remedy="set action_type to `quarantine`, or leave out `isolation_group`",
        )
    at = service.clock.now()

    def work(tx: Transaction) -> Remediation:
        record = finding_of_report(tx, report_id)
        known = tx.remediations.open_with(record.id)
        if known is not None and not gives_way(known, action_type, isolation_group):
            return _go_on(tx, known)
        other = None
        if action_type is ActionType.QUARANTINE:
            other = of_its_resource(tx, record, known, isolation_group)
        if known is not None:
            move(tx, known, Event.CANCELLED, at=at, actor=actor, note=GAVE_WAY)
        if other is not None:
            return _go_on(tx, take_in(tx, other, record, at=at, actor=actor))
        wanted = action_type or ActionType.MANUAL_REVIEW
        whose = person_behind(tx, actor, person)
        fresh = new_remediation([record], wanted, at=at, requested_by=whose)
        fresh = replace(fresh, report_id=report_id, isolation_group=isolation_group)
        begin(tx, fresh, at=at, actor=actor)
        return fresh

    return await service.store.transact(work)


async def hold(
    service: Service,
    *,
    by: str,
    reason: str = "",
    until: datetime | None = None,
    stack: StackName | None = None,
    address: ResourceAddress | None = None,
) -> Hold:
    """Let nothing begin to change the world, from now on until `until` or `resume`.

    With `stack` only nothing in that stack, with `address` only nothing about that resource.

    Raises:
        InvalidError: `until` is over already, or an `address` comes without its stack.
        NotFoundError: there is no such stack.
    """
    if address is not None and stack is None:
        raise InvalidError("a hold of a resource names its stack", remedy="give `stack` too")
    at = service.clock.now()
    if until is not None and until <= at:
        raise InvalidError("a hold cannot end before it begins")
    if len(reason) > LONGEST_REASON:
        raise InvalidError(f"a reason has at most {LONGEST_REASON} characters")
    why = reason or "no reason was given"
    pulled = Hold(by=by, reason=why, since=at, until=until, stack=stack, address=address)

    def work(tx: Transaction) -> Hold:
        if stack is not None and tx.stacks.get(stack) is None:
            raise NotFoundError(f"there is no stack {stack}")
        set_hold(tx, pulled, at=at)
        return pulled

    return await service.store.transact(work)


async def resume(
    service: Service,
    *,
    by: str,
    stack: StackName | None = None,
    address: ResourceAddress | None = None,
) -> None:
    """Release the holds of exactly this scope; releasing twice is releasing once.

    Without a stack that is the hold on everything, and the breaker.
    """
    at = service.clock.now()
    scope = Hold(by, "", at, stack=stack, address=address).scope
    await service.store.transact(
        lambda tx: release_holds(tx, (hold for hold in tx.holds.all() if hold.scope == scope),
                                 at=at, by=by)
    )  # fmt: skip


def set_hold(tx: Transaction, hold: Hold, *, at: datetime) -> None:
    """Write the hold, who set it, and the event."""
    tx.holds.put(hold)
    body = mapping.shown(HoldSet, hold)
    subject = hold.scope or "hold"
    audit(tx, "hold.set", subject, at=at, actor=hold.by, details=encode(body))
    emit(tx, "hold.set", subject, body, at=at)


def release_ended(tx: Transaction, *, at: datetime) -> None:
    """Release each hold whose time is up."""
    release_holds(tx, (hold for hold in tx.holds.all() if hold.has_ended(now=at)), at=at)


def release_holds(
    tx: Transaction, holds: Iterable[Hold], *, at: datetime, by: str = ENGINE
) -> None:
    """Release the holds, and wake what was held."""
    released = tuple(holds)
    for known in released:
        tx.holds.remove(known)
        subject = known.scope or "hold"
        audit(tx, "hold.released", subject, at=at, actor=by, details={"reason": known.reason})
        body = HoldReleased(by=by, stack=known.stack, address=known.address, unasked=known.unasked)
        emit(tx, "hold.released", subject, body, at=at)
    if released:
        advance_soon(
            tx,
            (remediation.id for remediation in tx.remediations.in_states({RemediationState.HELD})),
        )


def _audit_channel(
    tx: Transaction, known: Remediation, through: Through | None, *, at: datetime, actor: str
) -> None:
    if through is not None:
        details = {"channel": through.channel, **through.details}
        audit(tx, "channel.decided", known.id, at=at, actor=actor, details=details)


def _go_on(tx: Transaction, remediation: Remediation) -> Remediation:
    advance_soon(tx, [remediation.id])
    return remediation


def _fingerprints_now(tx: Transaction, known: Remediation) -> tuple[Fingerprint, ...]:
    records = {record.id: record for record in tx.findings.get_many(known.finding_ids)}
    return tuple(
        records[finding_id].fingerprint if finding_id in records else before
        for finding_id, before in zip(known.finding_ids, known.fingerprints, strict=True)
    )
