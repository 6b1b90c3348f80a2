"""What is ignored is not corrected with the rest of its remediation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reconciler.domain.policy import ActionType
from reconciler.domain.records import FindingId, FindingState, Remediation
from reconciler.domain.remediation_states import BEFORE_EFFECT, Event
from reconciler.engine.journal import ENGINE
from reconciler.engine.moves import move, unhealed_of
from reconciler.engine.new_remediations import begin, part_of
from reconciler.stores import Transaction


def leave_out(
    tx: Transaction,
    known: Remediation,
    ignored: Collection[FindingId],
    *,
    at: datetime,
    why: str,
    actor: str = ENGINE,
) -> bool:
    """End `known`, before its effect, if it is about any of `ignored`; return whether it was.

    What is left of it goes on as a remediation of its own, with a plan of its own. `why` says who
    ignores the others, as `ignored by ann`.
    """
    if known.state not in BEFORE_EFFECT or known.action_type is ActionType.RELEASE:
        return False
    records = unhealed_of(tx, known)
    rest = [record for record in records if record.id not in ignored]
    if len(rest) == len(records):
        return False
    if not rest:
        move(tx, known, Event.CANCELLED, at=at, actor=actor, note=why)
        return True
    without = ", ".join(record.address for record in records if record.id in ignored)
    move(tx, known, Event.SPLIT, at=at, actor=actor, note=f"divided: {without} is {why}")
    begin(tx, part_of(known, rest, at=at), at=at, actor=actor)
    return True


def ignored_of(tx: Transaction, known: Remediation) -> frozenset[FindingId]:
    """Return which of its findings are ignored now."""
    records = tx.findings.get_many(known.finding_ids)
    return frozenset(record.id for record in records if record.state is FindingState.IGNORED)
