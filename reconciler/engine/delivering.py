"""Each channel is brought to show the alerts as they are. At least once; one key per alert."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.alerts import (
    FINDING,
    GIVE_UP_AFTER,
    TEST,
    Alert,
    AlertState,
    Delivery,
    read_subject,
    retry_at,
)
from reconciler.domain.errors import PermanentError, ReconcilerError
from reconciler.domain.events import CHANNEL_FAILED, ChannelFailed
from reconciler.domain.model import StackName
from reconciler.domain.notices import (
    MOST_MEMBERS,
    Notice,
    NoticeMember,
    finding_member,
    notice_of,
    stack_member,
    test_member,
)
from reconciler.domain.records import FindingId, FindingState
from reconciler.engine.defects import defect
from reconciler.engine.journal import emit
from reconciler.engine.moves import sentence
from reconciler.engine.service import Channel, Service
from reconciler.ports import ChannelBusyError
from reconciler.stores import Transaction

_AT_ONCE: Final = 50


async def deliver_due(service: Service) -> int:
    """Show what is due on each channel; return how many were tried.

    Channels do not wait for each other; within one channel messages go out one by one. What
    fails is tried again later, for 24 hours.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    due = await service.store.read(lambda view: view.alerts.due(at, limit=_AT_ONCE))
    by_channel: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in due:
        by_channel[delivery.channel].append(delivery)
    await asyncio.gather(
        *(
            _deliver(service, service.channels.get(channel), deliveries)
            for channel, deliveries in by_channel.items()
        )
    )
    return len(due)


async def _deliver(
    service: Service, channel: Channel | None, deliveries: Sequence[Delivery]
) -> None:
    for delivery in deliveries:
        if not await deliver(service, channel, delivery):
            return


async def deliver(service: Service, channel: Channel | None, delivery: Delivery) -> bool:
    """Show an alert on a channel; return whether the channel takes more now."""
    at = service.clock.now()
    if channel is None:
        gone = replace(delivery, given_up=True, error="trueup.toml has no such channel any more")
        await _keep(service, gone)
        return True
    notice = await service.store.read(lambda view: notice_to_show(view, delivery))
    if notice is None:
        await _keep(service, replace(delivery, given_up=True, error="it was over before its time"))
        return True
    try:
        receipt = await channel.notifier.show(notice, delivery.receipt)
    except ReconcilerError as error:
        await _failed(service, delivery, error, at=at)
        return False
    except Exception as error:  # noqa: BLE001 - a channel's defect must not end the others
        await _failed(service, delivery, defect(error), at=at)
        return False
    await _keep(
        service,
        replace(
            delivery,
            sent_revision=notice.revision,
            sent_at=at,
            receipt=receipt,
            attempts=0,
            failing_since=None,
            error=None,
        ),
    )
    return True


def notice_to_show(view: Transaction, delivery: Delivery) -> Notice | None:
    """Return what the channel should show now; None when it need not be told at all."""
    alert = view.alerts.get_many([delivery.alert_id]).get(delivery.alert_id)
    if alert is None or (alert.state is AlertState.RESOLVED and not delivery.shown):
        return None
    return notice_now(view, alert)


def notice_now(view: Transaction, alert: Alert) -> Notice:
    """Return an alert with its members as they are."""
    shown: list[NoticeMember] = []
    for member in view.alerts.members_of(alert.id, limit=MOST_MEMBERS):
        kind, name = read_subject(member.subject)
        if kind == TEST:
            shown.append(test_member(name))
        elif kind == FINDING:
            record = view.findings.get(FindingId(name))
            if record is not None:
                open_now = record.state is not FindingState.HEALED
                of_it = view.remediations.open_with(record.id) if open_now else None
                shown.append(finding_member(record, of_it))
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
        attempts=delivery.attempts + 1,
        failing_since=since,
        error=sentence(error),
        next_at=retry_at(delivery.attempts + 1, at=at, after=after),
        given_up=isinstance(error, PermanentError) or at - since >= GIVE_UP_AFTER,
    )
    await _keep(service, failed, failed_at=at)


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
