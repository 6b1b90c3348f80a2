"""What a channel gathers is sent as one message: its digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.alerts import Delivery
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.notices import Notice
from reconciler.engine.defects import outcome_of
from reconciler.engine.digests import show_digest
from reconciler.engine.giving_up import is_final, note_failed, untold
from reconciler.engine.notices_now import to_show
from reconciler.engine.owed_messages import keep
from reconciler.engine.pausing import is_left_alone, note_pause
from reconciler.engine.service import Channel, Service


async def deliver_digest(
    service: Service, name: str, deliveries: Sequence[Delivery], *, at: datetime
) -> None:
    """Show what the channel `name` gathered in one message, or note why not.

    Raises:
        StorageError: the database cannot be used.
    """
    found = await service.store.read(
        lambda view: [to_show(view, delivery) for delivery in deliveries]
    )
    # Noted first, as for a single message.
    found = [
        replace(each, delivery=each.delivery.begun(at=at)) if each.notice else each
        for each in found
    ]
    messages = [(each.delivery, each.notice) for each in found if each.notice is not None]
    over = [untold(each.delivery) for each in found if each.notice is None and not each.muted]
    await keep(service, [*over, *(delivery for delivery, _ in messages)])
    channel = service.channels.get(name)
    # Without a channel it is due still: the next look ends it.
    if messages and channel is not None:
        await _show_together(service, channel, messages, at=at)


async def _show_together(
    service: Service, channel: Channel, messages: Sequence[tuple[Delivery, Notice]], *, at: datetime
) -> None:
    """Show messages as one; where that is refused for good, as two of half of them each.

    A receiver that refuses what one of them says would else lose up to 500 with it.
    """
    name = channel.subscription.channel
    if await is_left_alone(service, name, [delivery for delivery, _ in messages], takes=False):
        return
    shown = await outcome_of(lambda: show_digest(channel.notifier, messages, at=at))
    if not isinstance(shown, ReconcilerError):
        await keep(service, shown, taken_by=name)
        return
    if service.channels.get(name) is not channel:
        return  # due still: the next look asks the channel that took its place
    if is_final(shown) and len(messages) > 1:
        half = len(messages) // 2
        await _show_together(service, channel, messages[:half], at=at)
        await _show_together(service, channel, messages[half:], at=at)
        return
    note_pause(service, name, shown)
    for delivery, _ in messages:
        await note_failed(service, delivery, shown, at=at)
