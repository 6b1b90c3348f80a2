"""Each channel is brought to show the alerts as they are. At least once; one key per alert."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import (
    GIVE_UP_AFTER,
    Alert,
    AlertId,
    Delivery,
    retry_at,
)
from reconciler.domain.errors import PermanentError, ReconcilerError
from reconciler.domain.events import CHANNEL_FAILED, ChannelFailed
from reconciler.domain.subscriptions import DIGEST
from reconciler.engine.defects import DefectError, outcome_of
from reconciler.engine.digests import show_digest
from reconciler.engine.journal import emit
from reconciler.engine.moves import sentence
from reconciler.engine.notices_now import linked, to_show
from reconciler.engine.service import Service
from reconciler.ports import ChannelBusyError, PartlyShownError
from reconciler.stores import Transaction

_AT_ONCE: Final = 500
_PAUSE: Final = timedelta(seconds=30)
"""How long a channel that did not take a message is left alone with others."""


async def deliver_due(service: Service) -> int:
    """Show what is due on each channel; return how many were tried.

    Channels do not wait for each other; within one channel messages go out one by one. What
    fails is tried again later, for 24 hours.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    due, alerts = await service.store.read(lambda view: _due(view, at))
    by_channel: defaultdict[str, list[tuple[Delivery, Alert]]] = defaultdict(list)
    # What never failed comes first: a message that a channel cannot take holds up no other.
    for delivery in sorted(due, key=lambda each: each.attempts):
        by_channel[delivery.channel].append((delivery, alerts[delivery.alert_id]))
    await asyncio.gather(
        *(_deliver(service, channel, deliveries) for channel, deliveries in by_channel.items())
    )
    return len(due)


async def try_again(service: Service) -> None:
    """Let what was given up of open alerts be shown: a wrong key may be the right one now.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        lost = tx.alerts.given_up(service.channels)
        tx.alerts.put_deliveries([delivery.revived(at=at) for delivery in lost])

    if service.channels:
        await service.store.transact(work)


def _due(view: Transaction, at: datetime) -> tuple[Sequence[Delivery], dict[AlertId, Alert]]:
    due = view.alerts.due(at, limit=_AT_ONCE)
    return due, view.alerts.get_many({delivery.alert_id for delivery in due})


async def _deliver(service: Service, name: str, due: Sequence[tuple[Delivery, Alert]]) -> None:
    at = service.clock.now()
    gathered: list[Delivery] = []
    for number, (delivery, alert) in enumerate(due):
        rest = [later for later, _ in due[number:]]
        if await _is_left_alone(service, name, [*gathered, *rest]):
            return
        channel = service.channels.get(name)
        if channel is not None:
            quiet_until = channel.subscription.quiet_until(alert, at=at)
            if quiet_until is not None:
                await _keep(service, replace(delivery, next_at=quiet_until))
                continue
            if channel.subscription.is_gathered(alert, delivery):
                gathered.append(delivery)
                continue
        await deliver(service, delivery)
    if gathered and not await _is_left_alone(service, name, gathered):
        await _deliver_digest(service, name, gathered, at=at)


async def _deliver_digest(
    service: Service, name: str, deliveries: Sequence[Delivery], *, at: datetime
) -> None:
    found = await service.store.read(
        lambda view: [to_show(view, delivery) for delivery in deliveries]
    )
    # Noted first, as for a single message.
    found = [
        replace(each, delivery=each.delivery.begun(at=at)) if each.notice else each
        for each in found
    ]
    messages = [(each.delivery, each.notice) for each in found if each.notice is not None]
    for each in found:
        if each.notice is None and not each.muted:
            await _keep(service, _untold(each.delivery))
    if not messages:
        return
    await _put(service, [delivery for delivery, _ in messages])
    channel = service.channels.get(name)
    if channel is None:
        return  # due still: the next look ends them
    shown = await outcome_of(lambda: show_digest(channel.notifier, messages, at=at))
    if isinstance(shown, ReconcilerError):
        if service.channels.get(name) is not channel:
            return  # due still: the next look asks the channel that took its place
        note_pause(service, name, shown)
        for delivery, _ in messages:
            await _failed(service, delivery, shown, at=at)
        return
    await _put(service, shown)


def _untold(delivery: Delivery) -> Delivery:
    return replace(delivery, given_up=True, error="it was over before its time")


async def deliver(service: Service, delivery: Delivery) -> None:
    """Show an alert on a channel, or note why not; a channel that failed is left alone then.

    A reload while it is shown closes the channel: then the one in its place shows it.
    """
    at = service.clock.now()
    channel = service.channels.get(delivery.channel)
    if channel is None:
        gone = replace(delivery, given_up=True, error="trueup.toml has no such channel any more")
        await _keep(service, gone)
        return
    found = await service.store.read(lambda view: to_show(view, delivery))
    if found.muted:
        return
    notice = found.notice
    if notice is None:
        await _keep(service, _untold(delivery))
        return
    if not delivery.may_be_seen:
        delivery = delivery.begun(at=at)
        await _keep(service, delivery)
    notice = linked(notice, channel.subscription)
    # What a digest showed has no message of its own that could be changed.
    own = {} if DIGEST in delivery.receipt else delivery.receipt
    receipt = await outcome_of(lambda: channel.notifier.show(notice, own))
    if isinstance(receipt, ReconcilerError):
        if service.channels.get(delivery.channel) is not channel:
            await deliver(service, delivery)
            return
        note_pause(service, delivery.channel, receipt)
        await _failed(service, delivery, receipt, at=at)
        return
    await _keep(service, delivery.taken(notice.revision, receipt, at=at))


def note_pause(service: Service, name: str, error: ReconcilerError) -> None:
    """Have a channel left alone that failed, with all that waits for it or comes due meanwhile."""
    if _is_final(error):
        return  # of this message: the others find out for themselves
    asked = error.after if isinstance(error, ChannelBusyError) else None
    service.channels_quiet_until[name] = service.clock.now() + max(asked or _PAUSE, _PAUSE)


def pause_of(service: Service, name: str) -> datetime | None:
    """Return until when a channel is left alone; None where it may be asked."""
    until = service.channels_quiet_until.get(name)
    return until if until is not None and until > service.clock.now() else None


async def _is_left_alone(service: Service, name: str, waiting: Sequence[Delivery]) -> bool:
    """Whether a channel is left alone now: then what waits for it comes due when that is over."""
    until = pause_of(service, name)
    if until is not None:
        await _postpone(service, waiting, until=until)
    return until is not None


def _is_final(error: ReconcilerError) -> bool:
    """Whether it fails for good; a defect of ours may be gone with the next try or version."""
    return isinstance(error, PermanentError) and not isinstance(error, DefectError)


async def _postpone(service: Service, others: Sequence[Delivery], *, until: datetime) -> None:
    """Leave a channel alone: else it would be asked at once for each of a thousand alerts."""
    await _put(service, [replace(each, next_at=max(each.next_at, until)) for each in others])


async def _failed(
    service: Service, delivery: Delivery, error: ReconcilerError, *, at: datetime
) -> None:
    since = delivery.failing_since or at
    after = error.after if isinstance(error, ChannelBusyError) else None
    failed = replace(
        delivery,
        receipt=error.receipt if isinstance(error, PartlyShownError) else delivery.receipt,
        attempts=delivery.attempts + 1,
        failing_since=since,
        error=sentence(error),
        next_at=retry_at(delivery.attempts + 1, at=at, after=after),
        given_up=_is_final(error) or at - since >= GIVE_UP_AFTER,
    )
    await _keep(service, failed, failed_at=at)


async def _put(service: Service, deliveries: Sequence[Delivery]) -> None:
    if deliveries:
        await service.store.transact(lambda tx: tx.alerts.put_deliveries(deliveries))


async def _keep(service: Service, delivery: Delivery, *, failed_at: datetime | None = None) -> None:
    def work(tx: Transaction) -> None:
        tx.alerts.put_deliveries([delivery])
        if failed_at is not None and (delivery.given_up or delivery.attempts == 1):
            body = ChannelFailed(
                channel=delivery.channel,
                alert_id=delivery.alert_id,
                error=delivery.error or "",
                given_up=delivery.given_up,
            )
            emit(tx, CHANNEL_FAILED, delivery.channel, body, at=failed_at)

    await service.store.transact(work)
