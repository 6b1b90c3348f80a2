"""Walks one remediation as far as it can go now. `domain/remediation_states` has its table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.cadence import CLOCK_SKEW
from reconciler.domain.errors import ConflictError
from reconciler.domain.records import Remediation, RemediationId
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.engine.admitting import RULES_CHANGED, admitted
from reconciler.engine.attempt import attempt
from reconciler.engine.due import advance_soon, scan_soon
from reconciler.engine.evaluating import evaluated
from reconciler.engine.follow import adopt
from reconciler.engine.freshness import overtaken
from reconciler.engine.moves import move, unhealed_of
from reconciler.engine.quarantine.verifying import verify_edges
from reconciler.engine.service import Service
from reconciler.engine.verify import verify
from reconciler.stores import Transaction

Step = Callable[[Service, Remediation], Awaitable[bool]]


async def advance(service: Service, remediation_id: RemediationId) -> None:
    """Walk the remediation until it has to wait: for a person, for time, or for ever.

    A wake-up too many is harmless: each step is one transaction that somebody else's step voids.
    The work of a step ends before the next begins, an apply and its end included.

    Raises:
        StorageError: the database cannot be used.
    """
    while True:
        known = await service.store.read(lambda view: view.remediations.get(remediation_id))
        step = _STEPS.get(known.state) if known else None
        if known is None or step is None:
            return
        if _waits(service, known):
            return
        try:
            if not await step(service, known):
                return
        except ConflictError as error:
            # Somebody moved it, or another of the stack, or changed the rules, first: look at
            # what is true now.
            if error.code not in ("moved-on", "stack-busy", RULES_CHANGED):
                raise


def _waits(service: Service, known: Remediation) -> bool:
    """Whether it is too early; one that a clock ahead of ours moved waits for nothing."""
    if known.next_at is None or not (known.state in _WAITING or _needs_new_plan(service, known)):
        return False
    now = service.clock.now()
    return known.next_at > now and known.updated_at <= now + CLOCK_SKEW


_WAITING: Final = frozenset(
    {RemediationState.QUEUED, RemediationState.VERIFYING, RemediationState.UNKNOWN}
)


def _needs_new_plan(service: Service, known: Remediation) -> bool:
    """Whether the guard that holds it can only be asked again with a plan.

    Asked at once it would hold again, and plan after plan would be made.
    """
    return known.state is RemediationState.HELD and any(
        guard.name == known.guard and guard.needs_plan for guard in service.guards
    )


async def _confirm(service: Service, known: Remediation) -> bool:
    """Let it go on once its drift was there for long enough; at once when a person will look."""
    at = service.clock.now()

    def work(tx: Transaction) -> bool:
        if overtaken(tx, known, unhealed_of(tx, known), at=at):
            return False
        if known.created_at > at + CLOCK_SKEW:
            _begin_anew(tx, service, known, at=at)
            return False
        if not admitted(tx, service, known, at=at):
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


async def _evaluate(service: Service, known: Remediation) -> bool:
    """Find out what the guards need to know, while no transaction waits for it."""
    fresh = await evaluated(service, known)
    at = service.clock.now()
    await service.store.transact(lambda tx: move(tx, fresh, Event.POLICY_EVALUATED, at=at))
    return True


def _admitting(event: Event) -> Step:
    """Return the step that walks `event` once every guard is open."""

    async def step(service: Service, known: Remediation) -> bool:
        fresh = await evaluated(service, known)
        at = service.clock.now()

        def work(tx: Transaction) -> bool:
            if not admitted(tx, service, fresh, at=at):
                return False
            move(tx, fresh, event, at=at)
            return True

        return await service.store.transact(work)

    return step


async def _verify(service: Service, known: Remediation) -> bool:
    step = verify_edges if known.action_type.is_about_edges else verify
    return await step(service, known)


_STEPS: Final[Mapping[RemediationState, Step]] = {
    RemediationState.DETECTED: _confirm,
    RemediationState.CONFIRMED: _evaluate,
    RemediationState.DECIDED: _admitting(Event.ADMITTED),
    RemediationState.QUEUED: _admitting(Event.PLAN_STARTED),
    RemediationState.PLANNING: attempt,
    RemediationState.APPLYING: adopt,
    RemediationState.VERIFYING: _verify,
    RemediationState.UNKNOWN: _verify,
    RemediationState.HELD: _admitting(Event.GUARDS_OPEN),
}
"""What can be done without a person, by state."""
