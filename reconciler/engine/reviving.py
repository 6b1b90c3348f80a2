"""What was given up, or fails, is tried anew: a wrong key or a receiver may be right by now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import Delivery
from reconciler.engine.losing import forget_removed
from reconciler.engine.pausing import end_pauses, forget_pauses
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_EVER: Final = timedelta(days=36_500)
_MOST: Final = 10_000


async def try_again(service: Service) -> None:
    """Let what was given up of open alerts or fails be shown, as after a start or a reload.

    What channels lost that are not configured any more is forgotten.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    await service.store.transact(lambda tx: forget_removed(tx, service.channels, at=at))
    forget_pauses(service)
    await revive(service, service.channels)


async def revive(service: Service, channels: Collection[str], *, taken: bool = False) -> None:
    """Let what was given up of open alerts on `channels`, or fails, be tried now.

    What was given up may fail for another day. What fails goes on with its day, less the time in
    which no daemon ran: a host that restarts each night would else give nothing up, and no other
    channel would tell of the dead one. With `taken`, the channels took a message just now.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    end_pauses(service, channels)

    def work(tx: Transaction) -> None:
        given_up = [each.revived(at=at) for each in tx.alerts.given_up(channels)]
        failing = [
            each.beside_others(taken=taken).retried(at=at) for each in _failing(tx, channels, at=at)
        ]
        tx.alerts.put_deliveries([*given_up, *failing])

    if channels:
        await service.store.transact(work)


def _failing(view: Transaction, channels: Collection[str], *, at: datetime) -> list[Delivery]:
    """Return what waits out a pause or its next try.

    What does not fail waits for more of its cause, a digest or the morning.
    """
    waiting = view.alerts.due(at + _EVER, limit=_MOST)
    return [each for each in waiting if each.channel in channels and each.failing_since is not None]
