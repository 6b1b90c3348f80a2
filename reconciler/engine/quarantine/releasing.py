"""When a quarantine ends: by a person, by its time, or because the drift is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.errors import ConflictError
from reconciler.domain.model import StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import Quarantine, QuarantineState, release_reason
from reconciler.domain.records import POLICY, Remediation, RemediationId, ReportId
from reconciler.domain.remediation_states import BEFORE_EFFECT, OPEN, Event, RemediationState
from reconciler.engine.due import advance_soon
from reconciler.engine.journal import ENGINE, new_id
from reconciler.engine.moves import move, tell, the_remediation
from reconciler.engine.persons import person_behind
from reconciler.engine.quarantine.keeping import quarantine_of
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_ENDS: Final = {
    **dict.fromkeys(BEFORE_EFFECT, Event.CANCELLED),
    RemediationState.NEEDS_HUMAN: Event.ABANDONED,
}


def release_due(
    tx: Transaction,
    *,
    at: datetime,
    stack: StackName | None = None,
    left: Collection[RemediationId] = (),
) -> None:
    """Open a release of each quarantine whose time is over, or whose drift is gone.

    Also of those of which all that they swapped has `left` the state.
    """
    for known in tx.quarantines.unreleased(stack):
        isolating = tx.remediations.get(known.id)
        releasing = tx.remediations.get(known.release) if known.release else None
        reason = release_reason(
            known,
            isolating=isolating.state if isolating else None,
            releasing=releasing.state if releasing else None,
            findings=tx.findings.get_many(known.finding_ids),
            now=at,
            left=known.id in left,
        )
        if reason is not None:
            _open(tx, known, at=at, note=reason)


async def release(
    service: Service, remediation_id: RemediationId, *, actor: str, person: str | None = None
) -> Remediation:
    """Return the remediation that attaches the edges again, opened where there is none.

    Raises:
        NotFoundError: no such remediation exists.
        ConflictError: it isolates nothing (`not-quarantined`), or is just at work (`moved-on`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Remediation:
        known = the_remediation(tx, remediation_id)
        quarantine = quarantine_of(tx, known)
        if quarantine is None or quarantine.state is QuarantineState.RELEASED:
            raise ConflictError(
                f"remediation {known.id} keeps nothing in quarantine", code="not-quarantined"
            )
        open_one = tx.remediations.get(quarantine.release) if quarantine.release else None
        if open_one is not None and open_one.state in OPEN:
            return open_one
        isolating = tx.remediations.get(quarantine.id)
        if isolating is not None and isolating.state in OPEN and isolating.state not in _ENDS:
            raise ConflictError(
                f"remediation {isolating.id} is {isolating.state.value}: its resource is just"
                " being isolated",
                code="moved-on",
                remedy="release it when that has ended",
            )
        return _open(tx, quarantine, at=at, actor=actor, person=person)

    return await service.store.transact(work)


def _open(
    tx: Transaction,
    quarantine: Quarantine,
    *,
    at: datetime,
    actor: str = POLICY,
    person: str | None = None,
    note: str | None = None,
) -> Remediation:
    """Open the remediation that attaches the edges again; what still wants to detach them ends."""
    isolating = tx.remediations.get(quarantine.id)
    if isolating is not None and isolating.state in _ENDS:
        move(tx, isolating, _ENDS[isolating.state], at=at, note="it is released")
    why = note or f"released by {actor}"
    made = Remediation(
        id=RemediationId(new_id()),
        stack=quarantine.stack,
        report_id=isolating.report_id if isolating else ReportId(""),
        finding_ids=(),
        addresses=quarantine.addresses,
        fingerprints=(),
        action_type=ActionType.RELEASE,
        state=RemediationState.QUEUED,
        created_at=at,
        updated_at=at,
        policy_id=isolating.policy_id if isolating else None,
        requested_by=person_behind(tx, actor, person),
        note=why,
    )
    tx.remediations.add(made)
    by = None if actor == POLICY else actor
    tx.quarantines.put(replace(quarantine, release=made.id, released_by=by, note=why))
    tell(tx, made, at=at, actor=by or ENGINE)
    advance_soon(tx, [made.id])
    return made
