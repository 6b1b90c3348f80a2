"""A person mutes an alert: no channel shows anything more of it until it is over."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.alerts import Alert, AlertState
from reconciler.domain.errors import PermanentError
from reconciler.engine.journal import audit
from reconciler.engine.service import Service
from reconciler.engine.shown_alerts import the_alert
from reconciler.stores import Transaction


async def mute(service: Service, alert_id: str, *, reason: str, actor: str) -> None:
    """Show nothing more of an alert until it is over; what is shown stays.

    Raises:
        NotFoundError: no alert has that id.
        PermanentError: it is over.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        muted = replace(_open(tx, alert_id), muted_at=at, muted_by=actor, mute_reason=reason)
        tx.alerts.put_many([muted])
        audit(tx, "alert.muted", alert_id, at=at, actor=actor, details={"reason": reason})

    await service.store.transact(work)


async def unmute(service: Service, alert_id: str, *, actor: str) -> None:
    """Show the alert as it is now, and follow it again.

    Raises:
        NotFoundError: no alert has that id.
        PermanentError: it is over.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        alert = replace(_open(tx, alert_id), muted_at=None, muted_by=None, mute_reason=None)
        tx.alerts.put_many([alert])
        audit(tx, "alert.unmuted", alert_id, at=at, actor=actor)

    await service.store.transact(work)


def _open(tx: Transaction, alert_id: str) -> Alert:
    alert = the_alert(tx, alert_id)
    if alert.state is not AlertState.OPEN:
        raise PermanentError(
            f"alert {alert_id} is over", remedy="list those that are open: trueup alert list"
        )
    return alert
