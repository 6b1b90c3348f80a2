"""The heartbeat: says that every stack was verified and nothing drifted, and only then.

Who misses it knows that something is wrong, be it with the infrastructure or with the daemon.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import HEARTBEAT, STALE_AFTER, AlertState, Delivery, retry_at
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.notices import Notice, NoticeKind
from reconciler.domain.records import Health
from reconciler.engine.defects import outcome_of
from reconciler.engine.giving_up import gives_up
from reconciler.engine.losing import note_failure, note_taken
from reconciler.engine.moves import sentence
from reconciler.engine.pausing import note_pause, pause_of
from reconciler.engine.sending import PATIENCE_S, busy, side_by_side, to_its_end
from reconciler.engine.service import Channel, Service
from reconciler.ports import ChannelBusyError
from reconciler.stores import Transaction

_LOOK_AGAIN: Final = timedelta(minutes=1)


async def send_heartbeats(service: Service, *, patience_s: float = PATIENCE_S) -> None:
    """Send what is due. A channel that fails is tried again, and the next day in any case.

    Raises:
        StorageError: the database cannot be used.
    """
    beating = [channel for channel in service.channels.values() if channel.subscription.heartbeat]
    if not beating:
        return
    at = service.clock.now()
    kept = await service.store.read(lambda view: view.alerts.deliveries_of([HEARTBEAT]))
    last = {delivery.channel: delivery for delivery in kept}
    stalled, due = busy(service), {}
    for channel in beating:
        name = channel.subscription.channel
        before = last.get(name) or Delivery(name, HEARTBEAT, next_at=at)
        if before.next_at <= at and name not in stalled:
            due[name] = to_its_end(service, _beat_and_note(service, channel, before, at=at))
    await side_by_side(service, due, patience_s=patience_s)


async def _beat_and_note(
    service: Service, channel: Channel, before: Delivery, *, at: datetime
) -> None:
    after = await _beat(service, channel, before, at=at)

    def work(tx: Transaction) -> None:
        tx.alerts.put_deliveries([after])
        if after.sent_at != before.sent_at:
            note_taken(tx, after.channel, at=at)
        elif after.given_up and not before.given_up:
            # The next are tried as ever, and told of only once.
            note_failure(tx, after, at=at)

    await service.store.transact(work)


async def _beat(service: Service, channel: Channel, before: Delivery, *, at: datetime) -> Delivery:
    silent_until = channel.subscription.silent_until(at=at)
    if silent_until is not None:
        return replace(before, next_at=silent_until)
    left_alone_until = pause_of(service, before.channel)
    if left_alone_until is not None:
        return replace(before, next_at=left_alone_until)
    number = await service.store.read(lambda view: _verified(view, channel, at=at))
    if number is None:
        return replace(before, next_at=at + _LOOK_AGAIN)
    shown = await outcome_of(lambda: channel.notifier.show(_notice(channel, number, at=at), {}))
    if isinstance(shown, ReconcilerError):
        if service.channels.get(before.channel) is not channel:
            # A reload closed it: the next look asks the channel that took its place, which would
            # be left alone for a failure that is not its own.
            return before
        note_pause(service, before.channel, shown)
        return _failed(before, shown, at=at)
    every = channel.subscription.heartbeat or timedelta()
    return before.taken(1, {}, at=at).revived(at=at + every)


def _failed(before: Delivery, error: ReconcilerError, *, at: datetime) -> Delivery:
    after = error.after if isinstance(error, ChannelBusyError) else None
    attempts = before.attempts + 1
    since = before.failing_since or at
    return replace(
        before,
        next_at=retry_at(attempts, at=at, after=after),
        attempts=attempts,
        failing_since=since,
        error=sentence(error),
        given_up=gives_up(error, since=since, at=at),
    )


def _verified(view: Transaction, channel: Channel, *, at: datetime) -> int | None:
    """Return how many stacks were verified and in sync; None when any was not, or none is known."""
    stacks = [stack for stack in view.stacks.all() if channel.subscription.names(stack.name)]
    well = all(
        stack.health is Health.IN_SYNC
        and stack.verified_at is not None
        and at - stack.verified_at <= STALE_AFTER * stack.interval
        for stack in stacks
    )
    return len(stacks) if stacks and well else None


def _notice(channel: Channel, number: int, *, at: datetime) -> Notice:
    name = channel.subscription.channel
    said = "1 stack" if number == 1 else f"all {number} stacks"
    return Notice(
        alert_id=f"heartbeat-{name}-{at:%Y%m%dT%H%M%S}",
        revision=1,
        state=AlertState.RESOLVED,
        severity="low",
        title=f"{said} verified, nothing drifted",
        opened_at=at,
        changed_at=at,
        total=0,
        still_open=0,
        stacks=(),
        kind=NoticeKind.HEARTBEAT,
    )
