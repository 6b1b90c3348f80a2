"""What a renamed, moved or removed channel leaves open, and that somebody is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from reconciler.domain.alerts import LOSSES, AlertState, Delivery
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def follow_channels(
    service: Service, *, renamed: Mapping[str, str], moved: Collection[str]
) -> tuple[str, ...]:
    """Take in new names and places of channels; return what a person has to know of it.

    What a renamed channel shows is followed under its new name. What is open is shown again at
    the new place of one that moved: at the former one nothing ends it.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> tuple[str, ...]:
        shown = tx.alerts.shown_as_open()
        for before, after in renamed.items():
            # Not what it lost: that ends with the name that it was told of.
            tx.alerts.rename_channel(before, after, but=[LOSSES])
        again = [each for each in shown if each.channel in moved]
        alerts = tx.alerts.get_many(each.alert_id for each in again)
        tx.alerts.put_deliveries(
            _anew(each, at=at) for each in again if alerts[each.alert_id].state is AlertState.OPEN
        )
        return tuple(_notes(shown, service, renamed=renamed, moved=moved))

    return await service.store.transact(work)


async def left_open(service: Service) -> Mapping[str, int]:
    """Return how many alerts each channel shows as open that is not configured any more.

    Raises:
        StorageError: the database cannot be used.
    """
    shown = await service.store.read(lambda view: view.alerts.shown_as_open())
    return Counter(each.channel for each in shown if each.channel not in service.channels)


def said_of(name: str, number: int) -> str:
    """Return what a person should do about what a removed channel left open."""
    alerts = "1 alert" if number == 1 else f"{number} alerts"
    return (
        f"channel {name} is not configured any more and still shows {alerts} as open: end them"
        " there by hand, or put its section back until they are over"
    )


def _anew(shown: Delivery, *, at: datetime) -> Delivery:
    return Delivery(shown.channel, shown.alert_id, next_at=at)


def _notes(
    shown: Collection[Delivery],
    service: Service,
    *,
    renamed: Mapping[str, str],
    moved: Collection[str],
) -> Iterator[str]:
    numbers = Counter(each.channel for each in shown)
    for name, number in sorted(numbers.items()):
        if name in renamed:
            yield f"channel {name} is {renamed[name]} now: what it shows is kept up to date there"
        elif name in moved:
            yield (
                f"channel {name} has another address: {number} open there before are shown at the"
                " new one; end them at the former one by hand"
            )
        elif name not in service.channels:
            yield said_of(name, number)
