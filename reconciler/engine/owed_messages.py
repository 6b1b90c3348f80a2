"""What channels owe of alerts, as it is stored: read anew where time went by, and written back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.domain.alerts import AlertId, Delivery
from reconciler.engine.losing import note_taken
from reconciler.engine.service import Service
from reconciler.stores import Transaction


def waiting_of(view: Transaction, name: str, ids: Collection[AlertId]) -> list[Delivery]:
    """Return what the channel `name` owes of alerts, but for what was given up."""
    found = view.alerts.deliveries_of(ids)
    return [each for each in found if each.channel == name and not each.given_up]


async def keep(
    service: Service, deliveries: Sequence[Delivery], *, taken_by: str | None = None
) -> None:
    """Write what is owed and still there; with `taken_by`, that channel took a message just now.

    What a renamed channel owes stands under its new name: the former would be written anew.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        there = tx.alerts.deliveries_of({each.alert_id for each in deliveries})
        keys = {(each.channel, each.alert_id) for each in there}
        tx.alerts.put_deliveries(
            each for each in deliveries if (each.channel, each.alert_id) in keys
        )
        if taken_by is not None:
            note_taken(tx, taken_by, at=at)

    if deliveries:
        await service.store.transact(work)
