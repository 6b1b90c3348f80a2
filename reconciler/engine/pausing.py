"""Pauses of channels: one that fails, or asks to wait, is left alone with all that waits for it.

Else it would be asked at once for each of a thousand alerts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import Delivery
from reconciler.domain.errors import ReconcilerError
from reconciler.engine.giving_up import is_final, is_taken
from reconciler.engine.owed_messages import waiting_of
from reconciler.engine.service import Service
from reconciler.ports import ChannelBusyError
from reconciler.stores import Transaction

_PAUSE: Final = timedelta(seconds=30)


def note_pause(service: Service, name: str, error: ReconcilerError) -> None:
    """Have a channel left alone that failed, with all that waits for it or comes due meanwhile."""
    if is_final(error) or is_taken(error):
        return  # of this message: the others find out for themselves
    asked = error.after if isinstance(error, ChannelBusyError) else None
    service.channels_quiet_until[name] = service.clock.now() + max(asked or _PAUSE, _PAUSE)


def pause_of(service: Service, name: str) -> datetime | None:
    """Return until when a channel is left alone; None where it may be asked."""
    until = service.channels_quiet_until.get(name)
    return until if until is not None and until > service.clock.now() else None


async def is_left_alone(
    service: Service, name: str, waiting: Sequence[Delivery], *, takes: bool
) -> bool:
    """Whether a channel is left alone now: then what waits for it comes due when that is over.

    With `takes` it took a message just before.

    Raises:
        StorageError: the database cannot be used.
    """
    until = pause_of(service, name)
    if until is not None:
        await _postpone(service, waiting, until=until, takes=takes)
    return until is not None


def forget_pauses(service: Service) -> None:
    """Forget those of channels that are not configured any more."""
    service.channels_quiet_until = {
        name: until
        for name, until in service.channels_quiet_until.items()
        if name in service.channels
    }


def end_pauses(service: Service, channels: Collection[str]) -> None:
    """Let `channels` be asked again."""
    for name in channels:
        service.channels_quiet_until.pop(name, None)


async def _postpone(
    service: Service, others: Sequence[Delivery], *, until: datetime, takes: bool
) -> None:
    """Let others come due at `until`, and fail from now on.

    A pause is a failure of all that waits, not of the message that was tried alone: with a first
    try in each pause, a thousand would be given up over days.
    """
    at = service.clock.now()

    def put_off(each: Delivery) -> Delivery:
        since = each.beside_others(taken=takes).failing_since or at
        return replace(each, next_at=max(each.next_at, until), failing_since=since)

    def work(tx: Transaction) -> None:
        # As they are now: some were given up with the message that failed.
        waiting = waiting_of(tx, others[0].channel, {each.alert_id for each in others})
        tx.alerts.put_deliveries([put_off(each) for each in waiting])

    await service.store.transact(work)
