"""Each channel is brought to show the alerts as they are. At least once; one key per alert."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.alerts import Delivery
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.subscriptions import own_receipt
from reconciler.engine.defects import outcome_of
from reconciler.engine.gathering import deliver_digest
from reconciler.engine.giving_up import is_past, is_taken, note_failed, untold
from reconciler.engine.notices_now import linked, to_show
from reconciler.engine.owed_messages import keep, waiting_of
from reconciler.engine.pausing import is_left_alone, note_pause
from reconciler.engine.sending import PATIENCE_S, busy, side_by_side, to_its_end
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_AT_ONCE: Final = 500


async def deliver_due(service: Service, *, patience_s: float = PATIENCE_S) -> int:
    """Show what is due on each channel; return how many were tried.

    Channels do not wait for each other, nor this for one that stalls longer than `patience_s`;
    within one channel messages go out one by one. What fails is tried again later, for 24 hours.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    stalled = busy(service)
    due = await service.store.read(
        lambda view: view.alerts.due(at, limit=_AT_ONCE, without=stalled)
    )
    by_channel: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in sorted(due, key=lambda each: _turn(each, at=at)):
        by_channel[delivery.channel].append(delivery)
    done = await side_by_side(
        service,
        {name: _deliver(service, name, batch) for name, batch in by_channel.items()},
        patience_s=patience_s,
    )
    return sum(len(by_channel[name]) for name in done)


async def deliver(service: Service, delivery: Delivery, *, behind: Sequence[Delivery] = ()) -> bool:
    """Show an alert on a channel, or note why not; return whether the channel took it.

    A channel that failed is left alone then. Where it failed for a day, what waits `behind` for
    as long is given up with it. A reload while it is shown closes the channel: then the one in
    its place shows it. Who is cancelled in the middle leaves it to be sent and noted
    (`end_sending`).

    Raises:
        StorageError: the database cannot be used.
    """
    return await to_its_end(service, _deliver_one(service, delivery, behind))


def _turn(delivery: Delivery, *, at: datetime) -> tuple[bool, int]:
    """Return its place in a batch: what is past its time, then what failed least.

    A message that a channel cannot take holds up no other. What is past its time holds up others
    once: then it is given up. Behind new alerts it would never be tried again, nor given up.
    """
    if is_past(delivery, at=at):
        return False, -delivery.attempts
    return True, delivery.attempts


async def _deliver(service: Service, name: str, due: Sequence[Delivery]) -> None:
    gathered: list[Delivery] = []
    takes = False
    for number, planned in enumerate(due):
        rest = [each.beside_others(taken=takes) for each in due[number:]]
        if await is_left_alone(service, name, [*gathered, *rest], takes=takes):
            return
        looked = await _look(service, planned)
        if looked is None:
            continue
        delivery, is_gathered = looked
        delivery = delivery.beside_others(taken=takes)
        if is_gathered:
            gathered.append(delivery)
            continue
        takes = await deliver(service, delivery, behind=rest[1:]) or takes
    if gathered and not await is_left_alone(service, name, gathered, takes=takes):
        await to_its_end(service, deliver_digest(service, name, gathered, at=service.clock.now()))


async def _look(service: Service, planned: Delivery) -> tuple[Delivery, bool] | None:
    """Return a delivery as it is at its turn and whether it is gathered; None: not to be sent now.

    Its batch may have taken minutes. An alert that became critical meanwhile would be put off to
    the morning, as it was not, and what put it forward would be written over.
    """
    at = service.clock.now()
    channel = service.channels.get(planned.channel)

    def work(tx: Transaction) -> tuple[Delivery, bool] | None:
        waiting = waiting_of(tx, planned.channel, {planned.alert_id})
        alert = tx.alerts.get_many([planned.alert_id]).get(planned.alert_id)
        if not waiting or alert is None:
            return None
        (delivery,) = waiting
        if channel is None:
            return delivery, False
        quiet_until = channel.subscription.quiet_until(alert, at=at)
        if quiet_until is None:
            return delivery, channel.subscription.is_gathered(alert, delivery)
        # The time until then is no time in which the channel failed.
        later = delivery.beside_others(taken=True)
        tx.alerts.put_deliveries([replace(later, next_at=quiet_until)])
        return None

    return await service.store.transact(work)


async def _deliver_one(service: Service, delivery: Delivery, behind: Sequence[Delivery]) -> bool:
    at = service.clock.now()
    channel = service.channels.get(delivery.channel)
    if channel is None:
        gone = replace(delivery, given_up=True, error="trueup.toml has no such channel any more")
        await keep(service, [gone])
        return False
    found = await service.store.read(lambda view: to_show(view, delivery))
    if found.muted:
        return False
    notice = found.notice
    if notice is None:
        await keep(service, [untold(delivery)])
        return False
    if not delivery.may_be_seen:
        delivery = delivery.begun(at=at)
        await keep(service, [delivery])
    notice = linked(notice, channel.subscription)
    own = own_receipt(delivery)
    receipt = await outcome_of(lambda: channel.notifier.show(notice, own))
    if isinstance(receipt, ReconcilerError):
        if service.channels.get(delivery.channel) is not channel:
            return await _deliver_one(service, delivery, behind)
        note_pause(service, delivery.channel, receipt)
        await note_failed(service, delivery, receipt, at=at, behind=behind)
        return is_taken(receipt)
    taken = delivery.taken(notice.revision, receipt, at=at)
    await keep(service, [taken], taken_by=delivery.channel)
    return True
