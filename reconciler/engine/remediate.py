"""Walks one remediation as far as it can go now. Which rows there are is `domain/phases`'."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.cadence import CLOCK_SKEW
from reconciler.domain.errors import ConflictError
from reconciler.domain.phases import Event, Phase
from reconciler.domain.policy import ActionType
from reconciler.domain.records import FindingRecord, Remediation, RemediationId
from reconciler.engine.attempt import attempt
from reconciler.engine.due import advance_soon, scan_soon
from reconciler.engine.follow import adopt
from reconciler.engine.guards import closed_guard, unasked
from reconciler.engine.moves import move, unhealed_of
from reconciler.engine.opening import Rules, drift_changed
from reconciler.engine.service import Service
from reconciler.engine.verify import verify
from reconciler.stores import Transaction

NO_QUARANTINE: Final = "quarantine is not available in this version"

Step = Callable[[Service, Remediation], Awaitable[bool]]


async def advance(service: Service, remediation_id: RemediationId) -> None:
    """Walk the remediation until it has to wait: for a person, for time, or for ever.

    A hint too many is harmless: each step is one transaction that somebody else's step voids.
    The work of a step ends before the next begins, an apply and its end included.

    Raises:
        StorageError: the database cannot be used.
    """
    while True:
        known = await service.store.read(lambda view: view.remediations.get(remediation_id))
        step = _STEPS.get(known.phase) if known else None
        if known is None or step is None:
            return
        if _waits(service, known):
            return
        try:
            if not await step(service, known):
                return
        except ConflictError as error:
            # Somebody moved it, or another of the stack, first: look at what is true now.
            if error.code not in ("moved-on", "stack-busy"):
                raise


def _waits(service: Service, known: Remediation) -> bool:
    """Whether it is too early; one that a clock ahead of ours moved waits for nothing."""
    if known.next_at is None or known.phase not in _WAITING:
        return False
    now = service.clock.now()
    return known.next_at > now and known.updated_at <= now + CLOCK_SKEW


_WAITING: Final = frozenset({Phase.QUEUED, Phase.VERIFYING, Phase.UNKNOWN})


async def _confirm(service: Service, known: Remediation) -> bool:
    """Let it go on once its drift was there for long enough; at once when a person will look."""
    at = service.clock.now()

    def work(tx: Transaction) -> bool:
        records = unhealed_of(tx, known)
        if not records:
            move(tx, known, Event.DRIFT_GONE, at=at, note="the drift went away on its own")
            return False
        if drift_changed(known, records):
            move(tx, known, Event.DRIFT_CHANGED, at=at, note="the drift changed")
            return False
        if known.created_at > at + CLOCK_SKEW:
            _begin_anew(tx, service, known, at=at)
            return False
        if unasked(known) and not all(_lasting(service, known, one) for one in records):
            return False
        move(tx, known, Event.SEEN_AGAIN, at=at)
        return True

    return await service.store.transact(work)


def _begin_anew(tx: Transaction, service: Service, known: Remediation, *, at: datetime) -> None:
    """Count the time it must last from now: the clock was ahead when it was opened."""
    due = at + service.confirm_after
    tx.remediations.save(replace(known, created_at=at, updated_at=at, next_at=due))
    scan_soon(tx, known.stack, at=at)
    advance_soon(tx, [known.id], due=due)


def _lasting(service: Service, known: Remediation, record: FindingRecord) -> bool:
    # A clock that was set back since must not make one sight a lasting one.
    last_seen = min(record.last_seen, service.clock.now())
    seen_for = last_seen - known.created_at
    return seen_for >= service.confirm_after and last_seen > known.created_at


async def _evaluate(service: Service, known: Remediation) -> bool:
    at = service.clock.now()
    await service.store.transact(lambda tx: move(tx, known, Event.POLICY_EVALUATED, at=at))
    return True


async def _admit(service: Service, known: Remediation) -> bool:
    """Queue what is still wanted; a quarantine waits for the version that can do it."""
    at = service.clock.now()

    def work(tx: Transaction) -> bool:
        if known.policy_id is not None and not _still_wanted(tx, service, known):
            move(tx, known, Event.IGNORED, at=at, note="no policy asks for it any more")
            return False
        if known.action_type is ActionType.QUARANTINE:
            waiting = replace(known, expires_at=at + service.approval_time)
            move(tx, waiting, Event.APPROVAL_NEEDED, at=at, note=NO_QUARANTINE,
                 next_at=waiting.expires_at)  # fmt: skip
            return False
        move(tx, known, Event.ADMITTED, at=at)
        return True

    return await service.store.transact(work)


def _still_wanted(tx: Transaction, service: Service, known: Remediation) -> bool:
    return Rules(tx, service.clock.now()).still_wanted(known, unhealed_of(tx, known))


async def _begin_plan(service: Service, known: Remediation) -> bool:
    """Start planning, unless a guard is closed: then nobody needs a plan yet."""
    at = service.clock.now()

    def work(tx: Transaction) -> bool:
        closed = closed_guard(tx, known, at=at)
        if closed is not None:
            held = replace(known, hold_reason=closed.reason, hold_until=closed.until)
            move(
                tx, held, Event.GUARD_CLOSED, at=at, note=closed.reason, next_at=closed.next_at(at)
            )
            return False
        move(tx, known, Event.PLAN_STARTED, at=at)
        return True

    return await service.store.transact(work)


async def _release(service: Service, known: Remediation) -> bool:
    """Queue it again when every guard is open; else note what holds it now."""
    at = service.clock.now()

    def work(tx: Transaction) -> bool:
        closed = closed_guard(tx, known, at=at)
        if closed is None:
            move(tx, known, Event.GUARDS_OPEN, at=at)
            return True
        again = closed.next_at(at)
        tx.remediations.save(
            replace(
                known,
                hold_reason=closed.reason,
                hold_until=closed.until,
                note=closed.reason,
                next_at=again,
            )
        )
        advance_soon(tx, [known.id], due=again)
        return False

    return await service.store.transact(work)


_STEPS: Final[Mapping[Phase, Step]] = {
    Phase.DETECTED: _confirm,
    Phase.CONFIRMED: _evaluate,
    Phase.DECIDED: _admit,
    Phase.QUEUED: _begin_plan,
    Phase.PLANNING: attempt,
    Phase.APPLYING: adopt,
    Phase.VERIFYING: verify,
    Phase.UNKNOWN: verify,
    Phase.HELD: _release,
}
"""What can be done without a person, by phase."""
