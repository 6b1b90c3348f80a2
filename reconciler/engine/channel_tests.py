"""A test of a channel, by the way that every alert goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import (
    TEST,
    Alert,
    AlertId,
    AlertState,
    Delivery,
    Member,
    Tried,
    subject_of,
)
from reconciler.domain.errors import NotFoundError
from reconciler.domain.model import Severity
from reconciler.engine.delivering import deliver
from reconciler.engine.journal import audit, new_id
from reconciler.engine.reviving import revive
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_OWN_TIME: Final = timedelta(minutes=3)
"""A test sends its messages itself. Due at once, each would also be sent by the chore that sends
what is due, where the channel is slow. The next start ends the test of a daemon that was killed."""


async def try_channel(service: Service, name: str, *, actor: str) -> Tried:
    """Open an alert on one channel and end it again, by the way that every alert goes.

    Where the channel took both, what was given up on it of open alerts is tried again, and what
    waits out a pause of it as well.

    Raises:
        NotFoundError: no channel of that name is configured.
    """
    if name not in service.channels:
        known = ", ".join(sorted(service.channels)) or "none"
        raise NotFoundError(
            f"there is no channel {name}", remedy=f"configured are: {known} ([[channel]])"
        )
    at = service.clock.now()
    alert_id = AlertId(new_id())

    def begin(tx: Transaction) -> None:
        audit(tx, "channel.tested", name, at=at, actor=actor)
        _put(tx, _alert(alert_id, at), is_open=True)
        tx.alerts.put_deliveries([Delivery(name, alert_id, next_at=at + _OWN_TIME)])

    await service.store.transact(begin)
    begun = await _shown(service, name, alert_id)
    over = replace(_alert(alert_id, at), revision=2, state=AlertState.RESOLVED, resolved_at=at)
    await service.store.transact(lambda tx: _put(tx, over, is_open=False))
    ended = begun if begun.error else await _shown(service, name, alert_id)
    if ended.error is None:
        await revive(service, [name], taken=True)
    return replace(ended, not_reached=begun.not_reached or ended.not_reached)


async def _shown(service: Service, name: str, alert_id: AlertId) -> Tried:
    (before,) = await service.store.read(lambda view: view.alerts.deliveries_of([alert_id]))
    await deliver(service, before)
    (after,) = await service.store.read(lambda view: view.alerts.deliveries_of([alert_id]))
    if after.error is None:
        return Tried(name, alert_id, None, after.not_reached)
    # A test is tried once: what could not be shown now is not shown at some later time.
    given_up = replace(after, given_up=True)
    await service.store.transact(lambda tx: tx.alerts.put_deliveries([given_up]))
    return Tried(name, alert_id, after.error, left_open=after.shown)


def _put(tx: Transaction, alert: Alert, *, is_open: bool) -> None:
    tx.alerts.put_many([alert])
    # One of its own: of two tests at once, a start after a kill would else end the second alone.
    tx.alerts.put_members([Member(subject_of(TEST, alert.id), alert.id, open=is_open)])


def _alert(alert_id: AlertId, at: datetime) -> Alert:
    return Alert(
        id=alert_id,
        cause=subject_of(TEST, alert_id),
        state=AlertState.OPEN,
        revision=1,
        severity=Severity.LOW,
        opened_at=at,
        changed_at=at,
        events=("channel.test",),
    )
