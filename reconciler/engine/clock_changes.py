"""Messages under a clock that was set back: what waits for a time that comes too late now.

A message put off by a clock that was a year ahead would be sent in a year.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import HEARTBEAT, Delivery
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_LONGEST_PAUSE: Final = timedelta(hours=1)
"""Between two tries of a message, and for as long as a receiver may ask to wait."""
_SKEW: Final = timedelta(minutes=1)
_EVER: Final = timedelta(days=36_500)
_MOST: Final = 10_000


async def follow_clock(service: Service) -> None:
    """Let what waits come due as early as before the clock was set back.

    The first time in a process nobody knows by how much that was: then what waits longer than
    its channel ever lets anything wait is due now.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    back = None if service.looked_at is None else service.looked_at - at
    if back is None or back > _SKEW:
        if await service.store.read(lambda view: _moved(view, service, at=at, back=back)):
            await service.store.transact(
                lambda tx: tx.alerts.put_deliveries(_moved(tx, service, at=at, back=back))
            )
        service.channels_quiet_until = {
            name: until - (back or timedelta())
            for name, until in service.channels_quiet_until.items()
        }
    # Last: a database that is full for a moment would else leave messages to wait for a year.
    service.looked_at = at


def _moved(
    view: Transaction, service: Service, *, at: datetime, back: timedelta | None
) -> list[Delivery]:
    waiting = (
        *view.alerts.due(at + _EVER, limit=_MOST),
        *view.alerts.deliveries_of([HEARTBEAT]),
    )
    moved = []
    for each in waiting:
        soonest = each.next_at - back if back is not None else at
        too_far = back is not None or each.next_at > at + _longest_wait(service, each.channel)
        if each.next_at > at and too_far:
            moved.append(replace(each, next_at=max(at, soonest)))
    return moved


def _longest_wait(service: Service, name: str) -> timedelta:
    """Return how far ahead the channel may have put off anything; a quiet span is looked up again.

    What is brought forward too early in it is put off to its end once more.
    """
    channel = service.channels.get(name)
    if channel is None:
        return _LONGEST_PAUSE
    wanted = channel.subscription
    spans = (wanted.after, wanted.group_wait, wanted.update_every, wanted.digest, wanted.heartbeat)
    return max(_LONGEST_PAUSE, *(span for span in spans if span is not None)) + _SKEW
