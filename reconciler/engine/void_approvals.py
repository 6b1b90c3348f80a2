"""Approvals that cannot be relied on any more: what they were given for is not certain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.model import StackName
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import BEFORE_EFFECT, OPEN, Event, RemediationState
from reconciler.engine.due import advance_soon
from reconciler.engine.journal import audit
from reconciler.engine.moves import move
from reconciler.stores import Transaction

READ_ELSEWHERE: Final = "its stack is read elsewhere, or otherwise, since it was planned"


def void_approvals(
    tx: Transaction, *, at: datetime, why: str, stack: StackName | None = None
) -> int:
    """Take every approval off what has not ended, of `stack` or of all; return of how many.

    For a database that is not the newest: whoever approved may have rejected or cancelled it
    since, in rows that are lost. For a stack that is another one by now: the same plan would
    change something else there, so one that waits is void as well, whoever it was shown to. What
    is being applied goes on; anything else is planned and asked about anew, under another digest.
    """
    if stack is None:
        void = [known for known in tx.remediations.in_states(OPEN) if known.approvals]
    else:
        among = tx.remediations.open_of(stack)
        void = [known for known in among if known.approvals or _has_plan(known)]
    for known in void:
        # Without its digest, what is asked about next gets another one.
        without = replace(known, approvals=(), voided=known.voided + 1, plan_digest=None)
        if known.state in BEFORE_EFFECT:
            without = replace(without, plan=None, change_digest=None)
        if known.state is RemediationState.AWAITING_APPROVAL:
            move(tx, without, Event.VOIDED, at=at, note=why)
            advance_soon(tx, [known.id])
        else:
            tx.remediations.save(without)
        if known.approvals:
            tell_voided(tx, known, at=at)
    return sum(bool(known.approvals) for known in void)


def _has_plan(known: Remediation) -> bool:
    """Whether it has a plan, or one is just being made: what is written voids that."""
    return known.plan_digest is not None or known.state is RemediationState.PLANNING


def tell_voided(tx: Transaction, known: Remediation, *, at: datetime) -> None:
    """Write into the audit whose approvals of `known` count no more."""
    persons = sorted({approval.person for approval in known.approvals})
    audit(tx, "remediation.approvals_voided", known.id, at=at, details={"persons": persons})
