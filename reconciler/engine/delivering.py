"""Each channel is brought to show the alerts as they are. At least once; one key per alert."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import (
    GIVE_UP_AFTER,
    AlertId,
    AlertState,
    Delivery,
    retry_at,
)
from reconciler.domain.errors import PermanentError, ReconcilerError
from reconciler.domain.notices import Notice
from reconciler.domain.subscriptions import DIGEST
from reconciler.engine.defects import DefectError, outcome_of
from reconciler.engine.digests import show_digest
from reconciler.engine.losing import forget_removed, note_failure, note_taken
from reconciler.engine.moves import sentence
from reconciler.engine.notices_now import linked, to_show
from reconciler.engine.sending import PATIENCE_S, busy, side_by_side, to_its_end
from reconciler.engine.service import Channel, Service
from reconciler.ports import ChannelBusyError, PartlyShownError
from reconciler.stores import Transaction

_AT_ONCE: Final = 500
_MOST_PUT_OFF: Final = 10_000
_PAUSE: Final = timedelta(seconds=30)
"""How long a channel that did not take a message is left alone with others."""


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


async def try_again(service: Service) -> None:
    """Let what was given up of open alerts be shown: a wrong key may be the right one now.

    What channels lost that are not configured any more is forgotten.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    await service.store.transact(lambda tx: forget_removed(tx, service.channels, at=at))
    service.channels_quiet_until = {
        name: until
        for name, until in service.channels_quiet_until.items()
        if name in service.channels
    }
    await revive(service, service.channels)


async def revive(service: Service, channels: Collection[str]) -> None:
    """Let what was given up of open alerts on `channels`, or waits out a pause, be tried now.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    pauses = {
        name: service.channels_quiet_until.pop(name)
        for name in channels
        if name in service.channels_quiet_until
    }

    def work(tx: Transaction) -> None:
        lost = tx.alerts.given_up(channels)
        again = [delivery.revived(at=at) for delivery in lost]
        tx.alerts.put_deliveries([*again, *_put_off(tx, pauses, at=at)])

    if channels:
        await service.store.transact(work)


def _put_off(view: Transaction, pauses: Mapping[str, datetime], *, at: datetime) -> list[Delivery]:
    """Return as due what `pauses` put off: with a new address it would wait for an hour else."""
    if not pauses:
        return []
    waiting = view.alerts.due(max(pauses.values()), limit=_MOST_PUT_OFF)
    return [
        replace(each, next_at=at)
        for each in waiting
        if each.channel in pauses
        and at < each.next_at <= pauses[each.channel]
        # Others wait for more of their cause, a digest or the morning.
        and each.failing_since is not None
    ]


def _turn(delivery: Delivery, *, at: datetime) -> tuple[bool, int]:
    """Return its place in a batch: what is past its time, then what failed least.

    A message that a channel cannot take holds up no other. What is past its time holds up others
    once: then it is given up. Behind new alerts it would never be tried again, nor given up.
    """
    if _is_past(delivery, at=at):
        return False, -delivery.attempts
    return True, delivery.attempts


def _is_past(delivery: Delivery, *, at: datetime) -> bool:
    since = delivery.failing_since
    return since is not None and at - since >= GIVE_UP_AFTER


def _since_taken(delivery: Delivery, *, takes: bool) -> Delivery:
    """Return it as it waits for a channel that `takes` messages: untried, it does not fail."""
    return replace(delivery, failing_since=None) if takes and not delivery.attempts else delivery


async def _deliver(service: Service, name: str, due: Sequence[Delivery]) -> None:
    gathered: list[Delivery] = []
    takes = False
    for number, planned in enumerate(due):
        rest = [_since_taken(each, takes=takes) for each in due[number:]]
        if await _is_left_alone(service, name, [*gathered, *rest], takes=takes):
            return
        looked = await _look(service, planned)
        if looked is None:
            continue
        delivery, is_gathered = looked
        delivery = _since_taken(delivery, takes=takes)
        if is_gathered:
            gathered.append(delivery)
            continue
        takes = await deliver(service, delivery, behind=rest[1:]) or takes
    if gathered and not await _is_left_alone(service, name, gathered, takes=takes):
        await to_its_end(service, _deliver_digest(service, name, gathered, at=service.clock.now()))


async def _look(service: Service, planned: Delivery) -> tuple[Delivery, bool] | None:
    """Return a delivery as it is at its turn and whether it is gathered; None: not to be sent now.

    Its batch may have taken minutes. An alert that became critical meanwhile would be put off to
    the morning, as it was not, and what put it forward would be written over.
    """
    at = service.clock.now()
    channel = service.channels.get(planned.channel)

    def work(tx: Transaction) -> tuple[Delivery, bool] | None:
        waiting = _waiting(tx, planned.channel, {planned.alert_id})
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
        later = _since_taken(delivery, takes=True)
        tx.alerts.put_deliveries([replace(later, next_at=quiet_until)])
        return None

    return await service.store.transact(work)


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
    await _show_together(service, channel, messages, at=at)


async def _show_together(
    service: Service, channel: Channel, messages: Sequence[tuple[Delivery, Notice]], *, at: datetime
) -> None:
    """Show messages as one; where that is refused for good, as two of half of them each.

    A receiver that refuses what one of them says would else lose up to 500 with it.
    """
    name = channel.subscription.channel
    if await _is_left_alone(service, name, [delivery for delivery, _ in messages], takes=False):
        return
    shown = await outcome_of(lambda: show_digest(channel.notifier, messages, at=at))
    if not isinstance(shown, ReconcilerError):
        await _put(service, shown, taken_by=name)
        return
    if service.channels.get(name) is not channel:
        return  # due still: the next look asks the channel that took its place
    if _is_final(shown) and len(messages) > 1:
        half = len(messages) // 2
        await _show_together(service, channel, messages[:half], at=at)
        await _show_together(service, channel, messages[half:], at=at)
        return
    note_pause(service, name, shown)
    for delivery, _ in messages:
        await _failed(service, delivery, shown, at=at)


def _untold(delivery: Delivery) -> Delivery:
    return replace(delivery, given_up=True, error="it was over before its time")


async def deliver(service: Service, delivery: Delivery, *, behind: Sequence[Delivery] = ()) -> bool:
    """Show an alert on a channel, or note why not; return whether the channel took it.

    A channel that failed is left alone then. Where it failed for a day, what waits `behind` for
    as long is given up with it. A reload while it is shown closes the channel: then the one in
    its place shows it. Who is cancelled in the middle leaves it to be sent and noted
    (`end_sending`).
    """
    return await to_its_end(service, _deliver_one(service, delivery, behind))


async def _deliver_one(service: Service, delivery: Delivery, behind: Sequence[Delivery]) -> bool:
    at = service.clock.now()
    channel = service.channels.get(delivery.channel)
    if channel is None:
        gone = replace(delivery, given_up=True, error="trueup.toml has no such channel any more")
        await _keep(service, gone)
        return False
    found = await service.store.read(lambda view: to_show(view, delivery))
    if found.muted:
        return False
    notice = found.notice
    if notice is None:
        await _keep(service, _untold(delivery))
        return False
    if not delivery.may_be_seen:
        delivery = delivery.begun(at=at)
        await _keep(service, delivery)
    notice = linked(notice, channel.subscription)
    # What a digest showed has no message of its own that could be changed.
    own = {} if DIGEST in delivery.receipt else delivery.receipt
    receipt = await outcome_of(lambda: channel.notifier.show(notice, own))
    if isinstance(receipt, ReconcilerError):
        if service.channels.get(delivery.channel) is not channel:
            return await _deliver_one(service, delivery, behind)
        note_pause(service, delivery.channel, receipt)
        await _failed(service, delivery, receipt, at=at, behind=behind)
        return False
    taken = delivery.taken(notice.revision, receipt, at=at)
    await _put(service, [taken], taken_by=delivery.channel)
    return True


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


async def _is_left_alone(
    service: Service, name: str, waiting: Sequence[Delivery], *, takes: bool
) -> bool:
    """Whether a channel is left alone now: then what waits for it comes due when that is over.

    With `takes` it took a message just before.
    """
    until = pause_of(service, name)
    if until is not None:
        await _postpone(service, waiting, until=until, takes=takes)
    return until is not None


def gives_up(error: ReconcilerError, *, since: datetime, at: datetime) -> bool:
    """Whether a message that fails since then is tried no more."""
    return _is_final(error) or at - since >= GIVE_UP_AFTER


def _is_final(error: ReconcilerError) -> bool:
    """Whether it fails for good; a defect of ours may be gone with the next try or version."""
    return isinstance(error, PermanentError) and not isinstance(error, DefectError)


async def _postpone(
    service: Service, others: Sequence[Delivery], *, until: datetime, takes: bool
) -> None:
    """Leave a channel alone: else it would be asked at once for each of a thousand alerts.

    It fails for all that waits, not for the one that was tried: with a first try in each pause, a
    thousand would be given up over days.
    """
    at = service.clock.now()

    def put_off(each: Delivery) -> Delivery:
        since = _since_taken(each, takes=takes).failing_since or at
        return replace(each, next_at=max(each.next_at, until), failing_since=since)

    def work(tx: Transaction) -> None:
        # As they are now: some were given up with the message that failed.
        waiting = _waiting(tx, others[0].channel, {each.alert_id for each in others})
        tx.alerts.put_deliveries([put_off(each) for each in waiting])

    await service.store.transact(work)


def _waiting(view: Transaction, name: str, ids: Collection[AlertId]) -> list[Delivery]:
    """Return what a channel owes of alerts, but for what was given up."""
    found = view.alerts.deliveries_of(ids)
    return [each for each in found if each.channel == name and not each.given_up]


async def _failed(
    service: Service,
    delivery: Delivery,
    error: ReconcilerError,
    *,
    at: datetime,
    behind: Sequence[Delivery] = (),
) -> None:
    since = delivery.failing_since or at
    after = error.after if isinstance(error, ChannelBusyError) else None
    # Asked to wait at its first try, it only waited so far.
    only_waited = isinstance(error, ChannelBusyError) and not delivery.attempts
    failed = replace(
        delivery,
        receipt=error.receipt if isinstance(error, PartlyShownError) else delivery.receipt,
        attempts=delivery.attempts + 1,
        failing_since=since,
        error=sentence(error),
        next_at=retry_at(delivery.attempts + 1, at=at, after=after),
        given_up=not only_waited and gives_up(error, since=since, at=at),
    )
    of_channel = not _is_final(error) and not isinstance(error, ChannelBusyError)
    ids = {each.alert_id for each in behind if _is_past(each, at=at)}

    def work(tx: Transaction) -> None:
        with_it = _lost_with(tx, failed, ids) if failed.given_up and of_channel else []
        tx.alerts.put_deliveries([failed, *with_it])
        for each in (failed, *with_it):
            note_failure(tx, each, at=at)

    await service.store.transact(work)


def _lost_with(tx: Transaction, failed: Delivery, ids: Collection[AlertId]) -> list[Delivery]:
    """Return as given up what waits for the channel as long: each try would fail as this did."""
    alerts = tx.alerts.get_many(ids)
    return [
        replace(each, given_up=True, error=failed.error)
        for each in _waiting(tx, failed.channel, ids)
        # What nobody saw and is over is no loss.
        if each.may_be_seen or alerts[each.alert_id].state is AlertState.OPEN
    ]


async def _put(
    service: Service, deliveries: Sequence[Delivery], *, taken_by: str | None = None
) -> None:
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        tx.alerts.put_deliveries(deliveries)
        if taken_by is not None:
            note_taken(tx, taken_by, at=at)

    if deliveries:
        await service.store.transact(work)


async def _keep(service: Service, delivery: Delivery) -> None:
    await service.store.transact(lambda tx: tx.alerts.put_deliveries([delivery]))
