"""Alerts as people ask for them: with what each channel shows, and the ticket if there is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from reconciler.domain.alerts import FINDING, Alert, AlertId, AlertState, Delivery, subject_of
from reconciler.domain.errors import NotFoundError
from reconciler.domain.notices import Notice
from reconciler.domain.records import FindingId, Page
from reconciler.engine.notices_now import notice_now
from reconciler.engine.service import Service
from reconciler.stores import Transaction


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert, what is told of it now, and what each channel shows."""

    alert: Alert
    notice: Notice
    deliveries: tuple[Delivery, ...]


async def shown_alerts(
    service: Service, *, state: AlertState | None, cursor: str | None, limit: int
) -> Page[ShownAlert]:
    """Return alerts, newest first.

    Raises:
        InvalidError: the cursor is of another list.
    """

    def work(view: Transaction) -> Page[ShownAlert]:
        page = view.alerts.page(state=state, cursor=cursor, limit=limit)
        return Page(tuple(_shown(view, page.items)), page.next)

    return await service.store.read(work)


async def shown_alert(service: Service, alert_id: str) -> ShownAlert:
    """Return one alert.

    Raises:
        NotFoundError: no alert has that id.
    """

    def work(view: Transaction) -> ShownAlert:
        (shown,) = _shown(view, [the_alert(view, alert_id)])
        return shown

    return await service.store.read(work)


def the_alert(view: Transaction, alert_id: str) -> Alert:
    """Return the alert of that id.

    Raises:
        NotFoundError: no alert has it.
    """
    found = view.alerts.get_many([AlertId(alert_id)]).get(AlertId(alert_id))
    if found is None:
        raise NotFoundError(f"there is no alert {alert_id}")
    return found


def tickets_of(view: Transaction, finding_id: FindingId) -> Mapping[str, Mapping[str, str]]:
    """Return by channel the receipt of the ticket that a finding is in; `key` and `url`."""
    subject = subject_of(FINDING, finding_id)
    member = view.alerts.members_named([subject]).get(subject)
    if member is None:
        return {}
    return {
        delivery.channel: delivery.receipt
        for delivery in view.alerts.deliveries_of([member.alert_id])
        if is_ticket(delivery.receipt)
    }


def is_ticket(receipt: Mapping[str, str]) -> bool:
    """Whether a channel's receipt names a ticket."""
    return "key" in receipt and "url" in receipt


def _shown(view: Transaction, alerts: Collection[Alert]) -> Iterator[ShownAlert]:
    deliveries: defaultdict[AlertId, list[Delivery]] = defaultdict(list)
    for delivery in view.alerts.deliveries_of([alert.id for alert in alerts]):
        deliveries[delivery.alert_id].append(delivery)
    for alert in alerts:
        by_channel = sorted(deliveries[alert.id], key=lambda delivery: delivery.channel)
        yield ShownAlert(alert, notice_now(view, alert), tuple(by_channel))
