"""May this go on? The guards are asked in the transaction, and their answer is written in it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from reconciler.domain.activity import Activity
from reconciler.domain.cadence import patience
from reconciler.domain.coverage import resource_id
from reconciler.domain.errors import ConflictError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.quarantines import Quarantine, moved_to
from reconciler.domain.records import FindingRecord, Remediation
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.engine.admission.admit import Admission, admit
from reconciler.engine.admission.answers import Hold, NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.guards import kill_switch
from reconciler.engine.admission.situation import (
    HISTORY,
    Situation,
    Stage,
    stage_of,
)
from reconciler.engine.due import advance_soon
from reconciler.engine.evaluating import what_it_saw
from reconciler.engine.judged_plan import JudgedPlan
from reconciler.engine.moves import move, policy_of, unhealed_of, wanted_since
from reconciler.engine.service import Service
from reconciler.engine.setting_apart import Sets, set_apart
from reconciler.stores import Transaction

RULES_CHANGED: Final = "rules-changed"


def admitted(
    tx: Transaction,
    service: Service,
    known: Remediation,
    *,
    at: datetime,
    planned: JudgedPlan | None = None,
) -> bool:
    """Whether `known` may begin what comes next; where not, it waits or has ended, and says why.

    Raises:
        ConflictError: the policies or the drift are not those that were evaluated
            (`rules-changed`), or see `moves.move`.
    """
    situation = situation_of(tx, service, known, at=at, planned=planned)
    admission = admit(situation, service.guards)
    if _waits_in_part(tx, situation, admission, sets=planned.sets if planned else ()):
        return False
    match admission.answer:
        case Open():
            return True
        case Hold() as hold:
            _hold(tx, service, known, admission, hold, at=at)
        case NeedsApproval() as needed:
            _await_approval(tx, service, known, admission, needed, at=at)
        case Refuse(why=why):
            event = Event.IGNORED if known.state is RemediationState.DECIDED else Event.GIVEN_UP
            move(tx, known, event, at=at, note=why, guard=admission.guard)
        case _:
            assert_never(admission.answer)
    return False


def _waits_in_part(
    tx: Transaction, situation: Situation, admission: Admission, *, sets: Sets
) -> bool:
    """Divide the remediation where only some of its findings have to wait; return whether."""
    match admission.answer:
        case Hold(reason=why, about=about):
            one_by_one = False
        case NeedsApproval(why=why, about=about):
            one_by_one = True
        case _:
            return False
    return set_apart(
        tx, situation.remediation, situation.findings, about,
        sets=sets, one_by_one=one_by_one, at=situation.now, why=why, guard=admission.guard,
    )  # fmt: skip


def situation_of(
    tx: Transaction,
    service: Service,
    known: Remediation,
    *,
    at: datetime,
    planned: JudgedPlan | None = None,
) -> Situation:
    """Return what is known of `known` now.

    Raises:
        ConflictError: an evaluation that is needed is of other rules or another drift.
    """
    findings = unhealed_of(tx, known)
    saw = what_it_saw(tx, findings)
    current = {
        name: evaluation
        for name, evaluation in known.evaluations.items()
        if evaluation.is_current(saw, now=at)
    }
    _refuse_stale(known, current, guards=service.guards)
    policy = policy_of(tx, known)
    policy_name = None if policy is None else policy.name
    return Situation(
        remediation=known,
        findings=findings,
        now=at,
        confirm_after=service.confirm_after,
        stack=tx.stacks.get(known.stack),
        holds=tx.holds.all(),
        others=tuple(
            remediation
            for remediation in tx.remediations.open_of(known.stack)
            if remediation.id != known.id
        ),
        history=tx.remediations.corrected(known.stack, since=at - HISTORY),
        evaluations=current,
        plan=planned.plan if planned else None,
        concerns=planned.concerns if planned else (),
        unapproved=planned.unapproved if planned else (),
        policy=policy_name,
        limits=service.limits_of(known.stack, policy=policy_name),
        activity=tx.past_runs.around(known, at=at) if _counts(known) else Activity(),
        concerned=planned.concerned if planned else frozenset(),
        healed=_healed(tx, findings, at=at) if _counts(known) else {},
        quarantines=_quarantines(tx, known, planned),
        isolates=planned.isolates if planned else (),
        scripted=policy is not None and policy.script is not None,
    )


def _quarantines(
    tx: Transaction, known: Remediation, planned: JudgedPlan | None
) -> tuple[Quarantine, ...]:
    """Return those that are not released, those of the stack as its record has them now."""
    moved = planned.moved if planned else {}
    return tuple(
        moved_to(quarantine, moved) if moved and quarantine.stack == known.stack else quarantine
        for quarantine in tx.quarantines.unreleased()
    )


def _counts(known: Remediation) -> bool:
    """Whether it matters what was done lately: a person who approves is not limited by it."""
    return known.unasked and stage_of(known) in (Stage.PLAN, Stage.APPLY)


def _healed(
    tx: Transaction, findings: Sequence[FindingRecord], *, at: datetime
) -> dict[ResourceAddress, tuple[datetime, ...]]:
    ids = {resource_id(record.stack, record.address): record.address for record in findings}
    found = tx.reports.healed(ids, since=at - HISTORY)
    return {ids[name]: times for name, times in found.items()}


def _refuse_stale(known: Remediation, current: Container[str], *, guards: Iterable[Guard]) -> None:
    stage = stage_of(known)
    for guard in guards:
        if guard.evaluate is not None and stage in guard.at and guard.name not in current:
            raise ConflictError(
                f"what guard {guard.name} saw of remediation {known.id} changed meanwhile",
                code=RULES_CHANGED,
            )


def _hold(
    tx: Transaction,
    service: Service,
    known: Remediation,
    admission: Admission,
    hold: Hold,
    *,
    at: datetime,
) -> None:
    """Hold what would begin an effect; what comes before that waits where it stands."""
    again = hold.next_at(at)
    if (
        hold.until is None
        and stage_of(known) is Stage.APPLY
        and _is_asked_rarely(service, admission.guard)
    ):
        # Each look is a plan by the tool, with the state's lock: of a quarantine, for hours.
        again = max(again, at + patience(wanted_since(known), at))
    if known.state is not RemediationState.HELD and stage_of(known) in (Stage.PLAN, Stage.APPLY):
        held = replace(known, hold_reason=hold.reason, hold_until=hold.until)
        move(
            tx, held, Event.GUARD_CLOSED,
            at=at, note=hold.reason, next_at=again, guard=admission.guard,
        )  # fmt: skip
        return
    waiting = replace(known, note=hold.reason, guard=admission.guard, next_at=again)
    if known.state is RemediationState.HELD:
        waiting = replace(waiting, hold_reason=hold.reason, hold_until=hold.until)
    elif (known.note, known.guard) == (waiting.note, waiting.guard):
        return  # a sweep asks every few seconds, and nothing is new
    tx.remediations.save(waiting)
    advance_soon(tx, [known.id], due=again)


def _is_asked_rarely(service: Service, name: str | None) -> bool:
    """Whether what it holds needs a plan to be asked again, and need not be asked often."""
    if name == kill_switch.GUARD.name:  # what a plan isolates is on hold; a resume wakes it
        return True
    return any(guard.name == name and guard.needs_plan for guard in service.guards)


def _await_approval(
    tx: Transaction,
    service: Service,
    known: Remediation,
    admission: Admission,
    needed: NeedsApproval,
    *,
    at: datetime,
) -> None:
    """Wait for who may approve the present plan; approvals of another plan are void."""
    kept = tuple(
        approval for approval in known.approvals if approval.plan_digest == known.plan_digest
    )
    waiting = replace(known, approvals=kept, expires_at=at + service.approval_time)
    several = f" ({admission.approved} of {needed.count} approvals)" if needed.count > 1 else ""
    move(
        tx, waiting, Event.APPROVAL_NEEDED,
        at=at, note=needed.why + several, next_at=waiting.expires_at, guard=admission.guard,
    )  # fmt: skip
