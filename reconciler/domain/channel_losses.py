"""What a channel has lost: messages that were given up since it last took one. Pure.

It is kept as the delivery of no alert: `attempts` counts the messages, `failing_since` is when the
first was given up, and `error` is why the last was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.alerts import LOSSES, Delivery
from reconciler.domain.model import Severity

_SEVERITY: Final = "severity"


def lose(
    before: Delivery | None, failed: Delivery, *, severity: Severity, at: datetime
) -> Delivery:
    """Return what a channel has lost once `failed` is given up too; `severity` is of its alert."""
    loss = before if before is not None and before.given_up else _empty(failed.channel, at)
    return replace(
        loss,
        next_at=at,
        attempts=loss.attempts + 1,
        failing_since=loss.failing_since or at,
        error=failed.error,
        given_up=True,
        receipt={_SEVERITY: str(int(max(severity, severity_of(loss))))},
    )


def recover(loss: Delivery, *, at: datetime) -> Delivery:
    """Return what is kept of a channel that lost nothing since `at`."""
    return _empty(loss.channel, at)


def severity_of(loss: Delivery) -> Severity:
    """Return that of the most severe alert that was lost; a silent channel is `high` itself."""
    return max(Severity.HIGH, Severity(int(loss.receipt.get(_SEVERITY, int(Severity.HIGH)))))


def _empty(channel: str, at: datetime) -> Delivery:
    return Delivery(channel, LOSSES, next_at=at)
