"""A remediation of several resources divided, so that some of them can be decided alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.errors import NotFoundError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import ActionType
from reconciler.domain.records import POLICY, FindingRecord, Remediation, RemediationId
from reconciler.domain.remediation_states import Event
from reconciler.engine.moves import move, unhealed_of
from reconciler.engine.new_remediations import begin, part_of
from reconciler.engine.persons import person_behind
from reconciler.engine.refusals import awaiting
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def split(
    service: Service,
    remediation_id: RemediationId,
    *,
    addresses: Collection[ResourceAddress],
    actor: str,
    person: str | None = None,
) -> Remediation:
    """Return a remediation of exactly `addresses`, whose own plan is made next.

    The one it came from is superseded; what is left of it gets a remediation too. Both wait
    for an approval whatever the policy says, since a person has begun to decide. One that is
    about nothing else than `addresses` is returned as it is.

    Raises:
        NotFoundError: no such id exists, or it is not about one of `addresses`.
        ConflictError: it awaits no approval (`not-awaiting`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Remediation:
        known = awaiting(tx, remediation_id, at=at)
        records = unhealed_of(tx, known)
        _check(known, records, addresses)
        chosen = [record for record in records if record.address in addresses]
        rest = [record for record in records if record.address not in addresses]
        if not rest:
            return known
        note = f"divided by {actor}: {', '.join(sorted(addresses))} alone"
        move(tx, known, Event.SPLIT, at=at, actor=actor, note=note)
        whose = person_behind(tx, actor, person)
        _open(tx, rest, known, at=at, actor=actor, person=whose)
        return _open(tx, chosen, known, at=at, actor=actor, person=whose)

    return await service.store.transact(work)


def _open(
    tx: Transaction, records: Sequence[FindingRecord], parent: Remediation, *, at: datetime,
    actor: str, person: str,
) -> Remediation:  # fmt: skip
    fresh = part_of(parent, records, at=at)
    if parent.action_type is ActionType.AUTO_CORRECT:
        fresh = replace(fresh, action_type=ActionType.MANUAL_REVIEW)
    if parent.requested_by == POLICY:
        # From here on a person asks for it, whatever the policy says by then.
        fresh = replace(fresh, requested_by=person)
    begin(tx, fresh, at=at, actor=actor)
    return fresh


def _check(
    known: Remediation, records: Sequence[FindingRecord], addresses: Collection[ResourceAddress]
) -> None:
    there = {record.address for record in records}
    unknown = sorted(set(addresses) - there)
    if unknown or not addresses:
        raise NotFoundError(
            f"remediation {known.id} is not about {', '.join(unknown) or 'nothing'}",
            remedy=f"it is about {', '.join(sorted(there))}",
        )
