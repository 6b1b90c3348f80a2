"""Events become alerts: read once each, in the transaction that moves the cursor on.

An event only says where to look. What is read then is the finding or stack as it is, so that
events which were missed, or come twice, lead to the same alerts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from reconciler.domain.alerts import (
    CHANNEL,
    DRIFT_EVENTS,
    FINDING,
    RELEASE,
    REMEDIATION_EVENTS,
    STACK,
    TEST,
    read_subject,
    subject_of,
)
from reconciler.domain.events import (
    CHANNEL_CHANGED,
    CHANNEL_FAILED,
    DRIFT_DETECTED,
    REMEDIATION,
)
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    EventEntry,
)
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alert_causes import STACK_ERROR, STACK_STALE, WAITING, is_stale, now_of
from reconciler.engine.alert_folding import Folding
from reconciler.engine.losing import losses
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_AT_ONCE: Final = 500
_OF_STACKS: Final = frozenset({STACK_ERROR, "stack.scanned"})
"""The events that say something of a stack."""
_STACK_CHANGED: Final = "stack.changed"
_HEALED: Final = "drift.healed"
_APPROVED: Final = f"{REMEDIATION}{RemediationState.QUEUED.value}"
"""Where an approval leads; other ways there are no news."""


async def follow_events(service: Service) -> bool:
    """Turn what was told since the last time into alerts; return whether there may be more.

    The first time it only notes where the stream is: what drifted before is no news.

    Raises:
        StorageError: the database cannot be used.
    """
    # Asked every other second: a transaction would keep whoever writes waiting, for nothing.
    if await service.store.read(_has_read_all):
        return False
    at, started = service.clock.now(), service.started_at
    subscriptions = _subscriptions(service)
    return await service.store.transact(
        lambda tx: _follow(tx, Folding(tx, subscriptions, at, started))
    )


async def watch_staleness(service: Service) -> None:
    """Open an alert for each stack that no scan has verified for three of its intervals.

    Raises:
        StorageError: the database cannot be used.
    """
    at, started = service.clock.now(), service.started_at
    if not await service.store.read(lambda view: _newly_stale(view, at=at, started_at=started)):
        return
    subscriptions = _subscriptions(service)
    await service.store.transact(
        lambda tx: Folding(tx, subscriptions, at, started).fold(
            _newly_stale(tx, at=at, started_at=started)
        )
    )


async def end_left_over(service: Service) -> None:
    """End, when a daemon starts, what the last one left open and no event will end.

    A test of a channel that was killed in the middle would else trigger a pager minutes later.

    Raises:
        StorageError: the database cannot be used.
    """
    at, started = service.clock.now(), service.started_at
    subscriptions = _subscriptions(service)

    def work(tx: Transaction) -> None:
        subjects = tx.alerts.open_subjects()
        now = now_of(tx, subjects, at=at, started_at=started)
        over = {name: {_HEALED} for name in subjects if name not in now or not now[name].cause}
        if over:
            Folding(tx, subscriptions, at, started).fold(over)

    await service.store.transact(work)


def _newly_stale(
    view: Transaction, *, at: datetime, started_at: datetime | None
) -> dict[str, set[str]]:
    """Return the stacks that are stale and have no open alert for it, as news of them."""
    stale = [
        subject_of(STACK, stack.name)
        for stack in view.stacks.all()
        if is_stale(stack, at=at, started_at=started_at)
    ]
    known = view.alerts.members_named(stale)
    return {
        subject: {STACK_STALE}
        for subject in stale
        if subject not in known or not known[subject].open
    }


def _subscriptions(service: Service) -> tuple[Subscription, ...]:
    return tuple(channel.subscription for channel in service.channels.values())


def _has_read_all(view: Transaction) -> bool:
    cursor = view.alerts.cursor()
    return cursor is not None and cursor >= view.events.bounds()[1]


def _follow(tx: Transaction, folding: Folding) -> bool:
    oldest, newest = tx.events.bounds()
    cursor = tx.alerts.cursor()
    if cursor is None:
        tx.alerts.move_cursor(newest)
        return False
    touched: defaultdict[str, set[str]] = defaultdict(set)
    if cursor + 1 < oldest:
        # What was pruned unread is made up for by looking at all that is open.
        for subject in _every_subject(tx):
            touched[subject].add(DRIFT_DETECTED)
        for channel in losses(tx):
            touched[subject_of(CHANNEL, channel)].add(CHANNEL_FAILED)
        for subject in _over(tx, touched):
            touched[subject].add(_HEALED)
        cursor = newest
        more: Sequence[EventEntry] = ()
    else:
        more = tx.events.after(cursor, limit=_AT_ONCE)
    for event in more:
        for subject in _subjects(event):
            touched[subject].add(event.type)
    if touched:
        folding.fold(touched)
    last = more[-1].seq if more else cursor
    if last != tx.alerts.cursor():
        tx.alerts.move_cursor(last)
    return len(more) == _AT_ONCE


def _subjects(event: EventEntry) -> Iterable[str]:
    body = event.body
    if event.type in DRIFT_EVENTS:
        return (subject_of(FINDING, body["id"]),)
    approved = event.type == _APPROVED and body.get("cause") == Event.APPROVED.value
    if approved or event.type in REMEDIATION_EVENTS:
        if body["action_type"] == ActionType.RELEASE.value:
            return (subject_of(RELEASE, body["id"]),)
        return [subject_of(FINDING, name) for name in body["finding_ids"]]
    # No scan tells of a stack that was removed: its alert would stay open for good.
    is_removal = event.type == _STACK_CHANGED and body["change"] == "removed"
    if event.type in _OF_STACKS or is_removal:
        return (subject_of(STACK, body["stack"]),)
    # A first failure is tried again, and is no news of its own.
    if event.type == CHANNEL_CHANGED or (event.type == CHANNEL_FAILED and body["given_up"]):
        return (subject_of(CHANNEL, body["channel"]),)
    return ()


def _every_subject(tx: Transaction) -> Iterable[str]:
    for stack in tx.stacks.all():
        yield subject_of(STACK, stack.name)
        for record in tx.findings.unhealed(stack.name):
            yield subject_of(FINDING, record.id)
    for waiting in tx.remediations.in_states(WAITING):
        if waiting.action_type is ActionType.RELEASE:
            yield subject_of(RELEASE, waiting.id)


def _over(tx: Transaction, touched: Collection[str]) -> list[str]:
    """Return the open members that are not `touched`: what ended unread leaves its alert.

    No event comes of it any more. That of a test is ended by who tests.
    """
    unread = (name for name in tx.alerts.open_subjects() if name not in touched)
    return [name for name in unread if read_subject(name)[0] != TEST]
