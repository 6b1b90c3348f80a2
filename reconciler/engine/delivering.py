"""Each channel is brought to show the alerts as they are. At least once; one key per alert."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import (
    FINDING,
    GIVE_UP_AFTER,
    TEST,
    Alert,
    AlertId,
    AlertState,
    Delivery,
    read_subject,
    retry_at,
)
from reconciler.domain.errors import PermanentError, ReconcilerError
from reconciler.domain.events import CHANNEL_FAILED, ChannelFailed
from reconciler.domain.model import StackName
from reconciler.domain.notice_links import api_path, links_of
from reconciler.domain.notices import (
    MOST_MEMBERS,
    Deed,
    Notice,
    NoticeMember,
    deeds_of,
    finding_member,
    notice_of,
    stack_member,
    test_member,
)
from reconciler.domain.records import FindingId, FindingState, Remediation, RemediationId
from reconciler.domain.subscriptions import DIGEST, Subscription
from reconciler.engine.defects import DefectError, outcome_of
from reconciler.engine.digests import show_digest
from reconciler.engine.journal import emit
from reconciler.engine.moves import sentence
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
    for number, (delivery, alert) in enumerate(due, start=1):
        channel = service.channels.get(name)
        if channel is not None:
            quiet_until = channel.subscription.quiet_until(alert, at=at)
            if quiet_until is not None:
                await _keep(service, replace(delivery, next_at=quiet_until))
                continue
            if channel.subscription.is_gathered(alert, delivery):
                gathered.append(delivery)
                continue
        pause = await deliver(service, delivery)
        if pause is not None:
            await _postpone(service, [later for later, _ in due[number:]], until=at + pause)
            return
    if gathered:
        await _deliver_digest(service, name, gathered, at=at)


async def _deliver_digest(
    service: Service, name: str, deliveries: Sequence[Delivery], *, at: datetime
) -> None:
    found = await service.store.read(
        lambda view: [_to_show(view, delivery) for delivery in deliveries]
    )
    # Noted first, as for a single message.
    found = [
        replace(each, delivery=each.delivery.begun(at=at)) if each.notice else each
        for each in found
    ]
    to_show = [(each.delivery, each.notice) for each in found if each.notice is not None]
    for each in found:
        if each.notice is None and not each.muted:
            await _keep(service, _untold(each.delivery))
    if not to_show:
        return
    await _put(service, [delivery for delivery, _ in to_show])
    channel = service.channels.get(name)
    if channel is None:
        return  # due still: the next look ends them
    shown = await outcome_of(lambda: show_digest(channel.notifier, to_show, at=at))
    if isinstance(shown, ReconcilerError):
        if service.channels.get(name) is not channel:
            return  # due still: the next look asks the channel that took its place
        for delivery, _ in to_show:
            await _failed(service, delivery, shown, at=at)
        return
    await _put(service, shown)


def _untold(delivery: Delivery) -> Delivery:
    return replace(delivery, given_up=True, error="it was over before its time")


async def deliver(service: Service, delivery: Delivery) -> timedelta | None:
    """Show an alert on a channel; return for how long the channel is to be left alone, if it is.

    A reload while it is shown closes the channel: then the one in its place shows it.
    """
    at = service.clock.now()
    channel = service.channels.get(delivery.channel)
    if channel is None:
        gone = replace(delivery, given_up=True, error="trueup.toml has no such channel any more")
        await _keep(service, gone)
        return None
    found = await service.store.read(lambda view: _to_show(view, delivery))
    if found.muted:
        return None
    notice = found.notice
    if notice is None:
        await _keep(service, _untold(delivery))
        return None
    if not delivery.may_be_seen:
        delivery = delivery.begun(at=at)
        await _keep(service, delivery)
    notice = _linked(notice, channel.subscription)
    # What a digest showed has no message of its own that could be changed.
    own = {} if DIGEST in delivery.receipt else delivery.receipt
    receipt = await outcome_of(lambda: channel.notifier.show(notice, own))
    if isinstance(receipt, ReconcilerError):
        if service.channels.get(delivery.channel) is not channel:
            return await deliver(service, delivery)
        await _failed(service, delivery, receipt, at=at)
        return _pause(receipt)
    await _keep(service, delivery.taken(notice.revision, receipt, at=at))
    return None


def _linked(notice: Notice, wanted: Subscription) -> Notice:
    """Return an open alert's notice with its links; without an address, with the API's path."""
    if notice.is_over:
        return notice
    links = links_of(notice, template=wanted.link, public_url=wanted.public_url)
    path = () if wanted.public_url else (f"GET {api_path(notice)}",)
    return replace(notice, links=links, commands=(*notice.commands, *path))


def _pause(error: ReconcilerError) -> timedelta | None:
    if _is_final(error):
        return None  # of this message: the others find out for themselves
    asked = error.after if isinstance(error, ChannelBusyError) else None
    return max(asked or _PAUSE, _PAUSE)


def _is_final(error: ReconcilerError) -> bool:
    """Whether it fails for good; a defect of ours may be gone with the next try or version."""
    return isinstance(error, PermanentError) and not isinstance(error, DefectError)


async def _postpone(service: Service, others: Sequence[Delivery], *, until: datetime) -> None:
    """Leave a channel alone: else it would be asked at once for each of a thousand alerts."""
    await _put(service, [replace(each, next_at=max(each.next_at, until)) for each in others])


@dataclass(frozen=True, slots=True)
class _ToShow:
    """One delivery as it stands when it is sent: `notice` is None when nothing is to be told."""

    delivery: Delivery
    muted: bool
    notice: Notice | None


def _to_show(view: Transaction, delivery: Delivery) -> _ToShow:
    """Look once more: a person may have muted the alert since its delivery came due."""
    alert = view.alerts.get_many([delivery.alert_id]).get(delivery.alert_id)
    if alert is not None and alert.muted_at is not None and alert.state is AlertState.OPEN:
        return _ToShow(delivery, muted=True, notice=None)
    # What failed may have been taken, and only its answer lost: then nothing else would end it.
    if alert is None or (alert.state is AlertState.RESOLVED and not delivery.may_be_seen):
        return _ToShow(delivery, muted=False, notice=None)
    notice = notice_now(view, alert)
    notice = replace(notice, deeds=_deeds(view, notice))
    return _ToShow(delivery, muted=False, notice=notice)


def _deeds(view: Transaction, notice: Notice) -> tuple[Deed, ...]:
    """Return what was done about the members of an alert since it began, oldest first."""
    found: dict[RemediationId, Remediation] = {}
    addresses = {(member.stack, member.address) for member in notice.members if member.finding_id}
    for stack in {stack for stack, _ in addresses}:
        name = StackName(stack)
        ended = view.remediations.corrected(name, since=notice.opened_at)
        ids = [
            correction.remediation_id
            for correction in ended
            if any((stack, address) in addresses for address in correction.addresses)
        ]
        about = (view.remediations.get(remediation_id) for remediation_id in ids)
        found |= {each.id: each for each in about if each is not None}
    for member in notice.members:
        if member.finding_id is not None:
            of_it = view.remediations.open_with(FindingId(member.finding_id))
            found |= {} if of_it is None else {of_it.id: of_it}
    every = [deed for each in found.values() for deed in deeds_of(each, since=notice.opened_at)]
    return tuple(sorted(every, key=lambda deed: (deed.at, deed.key)))


def notice_now(view: Transaction, alert: Alert) -> Notice:
    """Return an alert with its members as they are."""
    shown: list[NoticeMember] = []
    subjects = [
        read_subject(member.subject)
        for member in view.alerts.members_of(alert.id, limit=MOST_MEMBERS)
    ]
    findings = [FindingId(name) for kind, name in subjects if kind == FINDING]
    acknowledged = view.audit.acknowledged(findings, since=alert.opened_at)
    for kind, name in subjects:
        if kind == TEST:
            shown.append(test_member(name))
        elif kind == FINDING:
            record = view.findings.get(FindingId(name))
            if record is not None:
                open_now = record.state is not FindingState.HEALED
                of_it = view.remediations.open_with(record.id) if open_now else None
                by = acknowledged.get(record.id)
                shown.append(finding_member(record, of_it, acknowledged_by=by))
        else:
            stack = view.stacks.get(StackName(name))
            if stack is not None:
                shown.append(stack_member(stack))
    counts = view.alerts.member_counts([alert.id])[alert.id]
    return notice_of(alert, shown, total=counts.total, still_open=counts.open)


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
