"""What must hold before the world is changed; read anew in the transaction that begins it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.details import provider_of
from reconciler.domain.doubts import doubt_about
from reconciler.domain.phases import IN_EFFECT
from reconciler.domain.policy import ActionType
from reconciler.domain.records import Health, Hold, Remediation, StackRecord
from reconciler.stores import Transaction

LOOK_AGAIN: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing may begin, and why; `until` when that is known."""

    reason: str
    until: datetime | None = None

    def next_at(self, now: datetime) -> datetime:
        """Return when it is worth asking again."""
        again = now + LOOK_AGAIN
        return again if self.until is None else min(again, max(self.until, now))


def closed_guard(tx: Transaction, remediation: Remediation, *, at: datetime) -> Closed | None:
    """Return the first guard that forbids an effect now; None when all are open."""
    hold = tx.holds.get()
    if hold is not None and not hold_ended(hold, now=at):
        return Closed(f"{hold.by} holds everything: {hold.reason}", hold.until)
    for other in tx.remediations.open_of(remediation.stack):
        if other.id != remediation.id and other.phase in IN_EFFECT:
            return Closed(f"remediation {other.id} of the stack is {other.phase.value}")
    stack = tx.stacks.get(remediation.stack)
    if stack is None:
        return Closed(f"stack {remediation.stack} is not registered any more")
    if stack.health is Health.ERROR or stack.error is not None:
        return Closed(f"the last pass of the stack failed: {stack.error}")
    if unasked(remediation):
        return _doubted(tx, stack, remediation)
    return None


def unasked(remediation: Remediation) -> bool:
    """Whether it would be applied by policy alone: no person asked for it or approved a plan."""
    return (
        remediation.policy_id is not None
        and remediation.action_type is ActionType.AUTO_CORRECT
        and not remediation.approvals
    )


def _doubted(tx: Transaction, stack: StackRecord, remediation: Remediation) -> Closed | None:
    """Hold what a provider in doubt would be asked to change (cases D5, P3, T3)."""
    if not stack.provider_doubts:
        return None
    for record in tx.findings.get_many(remediation.finding_ids):
        provider = provider_of(record.details)
        if provider is None:  # kept before findings named their provider
            return Closed(stack.provider_doubts[0].reason)
        if (doubt := doubt_about(provider, stack.provider_doubts)) is not None:
            return Closed(doubt)
    return None


def hold_ended(hold: Hold, *, now: datetime) -> bool:
    """Whether the kill switch has let go by itself."""
    return hold.until is not None and hold.until <= now
