"""Holds: nothing begins to change the world until somebody lets it, or their time is up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.domain.errors import InvalidError, NotFoundError
from reconciler.domain.events import HoldReleased, HoldSet
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import Hold
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.due import advance_soon
from reconciler.engine.journal import ENGINE, audit, emit
from reconciler.engine.refusals import LONGEST_REASON
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.model import encode


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
