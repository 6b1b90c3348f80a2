"""Corrections of all stacks stop when too many of them failed, until a person has looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.records import Hold
from reconciler.engine.holding import set_hold
from reconciler.engine.journal import ENGINE
from reconciler.stores import Transaction

LATELY: Final = timedelta(minutes=10)
_FEWEST_RUNS: Final = 10


def trip(tx: Transaction, limits: Guardrails, *, at: datetime, why: str | None = None) -> None:
    """Set the breaker where `why` says so, or too many runs failed; called once one failed.

    It holds what no person approved, in every stack, until `trueup resume`. `limits` are those
    of the stack in which one failed.
    """
    reason = why or _too_many(tx, limits, at=at)
    if reason is None or any(hold.unasked for hold in tx.holds.all()):
        return
    set_hold(tx, Hold(ENGINE, f"breaker: {reason}", at, unasked=True), at=at)


def _too_many(tx: Transaction, limits: Guardrails, *, at: datetime) -> str | None:
    failed = tx.past_runs.failed_since(at - LATELY)
    if failed >= limits.total_failures:
        return f"{failed} corrections failed within {LATELY.seconds // 60} minutes"
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    begun = tx.past_runs.begun_since(midnight)
    failed = tx.past_runs.failed_since(midnight)
    if begun >= _FEWEST_RUNS and failed * 100 > begun * limits.failed_percent:
        return f"{failed} of today's {begun} corrections failed"
    return None
