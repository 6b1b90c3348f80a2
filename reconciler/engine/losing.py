"""Channels that gave messages up: noted where it happens, and ended by the next that is taken.

The event that goes with it leads to an alert of its own, which the other channels show.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reconciler.domain.alerts import LOSSES, Alert, Delivery, is_test
from reconciler.domain.channel_losses import lose, recover
from reconciler.domain.events import CHANNEL_CHANGED, CHANNEL_FAILED, ChannelChanged, ChannelFailed
from reconciler.domain.model import Severity
from reconciler.engine.journal import emit
from reconciler.stores import Transaction


def losses(view: Transaction) -> dict[str, Delivery]:
    """Return by name what each channel has lost that took no message since."""
    kept = view.alerts.deliveries_of([LOSSES])
    return {loss.channel: loss for loss in kept if loss.given_up}


def note_failure(tx: Transaction, failed: Delivery, *, at: datetime) -> None:
    """Tell of a message that failed for the first time, or that was given up, and count that."""
    if failed.given_up:
        alert = tx.alerts.get_many([failed.alert_id]).get(failed.alert_id)
        # That of a test is tried once, and somebody reads what came of it: who listens for
        # channels that gave up would be told of a loss.
        if alert is not None and is_test(alert.cause):
            return
        _count(tx, failed, alert, at=at)
    if failed.given_up or failed.attempts == 1:
        body = ChannelFailed(
            channel=failed.channel,
            alert_id=failed.alert_id,
            error=failed.error or "",
            given_up=failed.given_up,
        )
        emit(tx, CHANNEL_FAILED, failed.channel, body, at=at)


def note_taken(tx: Transaction, channel: str, *, at: datetime) -> None:
    """End what is kept of the losses of `channel`: it took a message."""
    _end(tx, [channel], change="recovered", at=at)


def forget_removed(tx: Transaction, channels: Collection[str], *, at: datetime) -> None:
    """End what is kept of channels other than `channels`: nothing is sent to them any more."""
    _end(tx, losses(tx).keys() - set(channels), change="removed", at=at)


def _count(tx: Transaction, given_up: Delivery, alert: Alert | None, *, at: datetime) -> None:
    severity = Severity.LOW if alert is None else alert.severity
    before = losses(tx).get(given_up.channel)
    tx.alerts.put_deliveries([lose(before, given_up, severity=severity, at=at)])


def _end(tx: Transaction, channels: Collection[str], *, change: str, at: datetime) -> None:
    for name, loss in losses(tx).items():
        if name in channels:
            tx.alerts.put_deliveries([recover(loss, at=at)])
            emit(tx, CHANNEL_CHANGED, name, ChannelChanged(channel=name, change=change), at=at)
