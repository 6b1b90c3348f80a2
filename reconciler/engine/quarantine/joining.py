"""One quarantine for each resource: whatever else drifts of it joins the one that is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.quarantines import Quarantine, QuarantineState, resource_of
from reconciler.domain.records import FindingId, FindingRecord, FindingState, Remediation
from reconciler.engine.quarantine.keeping import tell
from reconciler.stores import Transaction


def join(
    tx: Transaction,
    records: Iterable[FindingRecord],
    *,
    still_open: Collection[Remediation],
    at: datetime,
) -> frozenset[FindingId]:
    """Put those of `records` whose resource is isolated into its quarantine.

    Returns those that need no proposal of their own: these, and each whose resource has one that
    is under way. A second one would find nothing left to detach.
    """
    wanted = tuple(records)
    if not wanted:
        return frozenset()
    proposed = _proposed(tx, still_open)
    covered = {record.id for record in wanted if resource_of(record) in proposed}
    for quarantine in tx.quarantines.unreleased(wanted[0].stack):
        if quarantine.state is not QuarantineState.ACTIVE:
            continue
        about = _resources(tx, quarantine)
        more = [
            record for record in wanted if record.id not in covered and resource_of(record) in about
        ]
        if more:
            add(tx, quarantine, more, at=at)
            covered |= {record.id for record in more}
    return frozenset(covered)


def add(
    tx: Transaction, quarantine: Quarantine, records: Iterable[FindingRecord], *, at: datetime
) -> None:
    """Note that `records` are of what `quarantine` isolates: it lasts until they healed too."""
    more = tuple(record for record in records if record.state is FindingState.OPEN)
    ids = tuple(dict.fromkeys((*quarantine.finding_ids, *(record.id for record in more))))
    tell(tx, replace(quarantine, finding_ids=ids), "active", at=at)
    tx.findings.put_many(
        replace(record, state=FindingState.QUARANTINED, acted_on=True) for record in more
    )


def proposed_of(
    tx: Transaction, still_open: Iterable[Remediation], resource: ResourceAddress
) -> Remediation | None:
    """Return the open remediation that isolates `resource`, or is about to."""
    return _proposed(tx, still_open).get(resource)


def isolating_now(
    tx: Transaction, stack: StackName, resource: ResourceAddress, *, driver: Driver
) -> Quarantine | None:
    """Return the quarantine by `driver` that isolates `resource` and is not released."""
    return next(
        (
            quarantine
            for quarantine in tx.quarantines.unreleased(stack)
            if quarantine.driver is driver and resource in _resources(tx, quarantine)
        ),
        None,
    )


def _proposed(
    tx: Transaction, still_open: Iterable[Remediation]
) -> dict[ResourceAddress, Remediation]:
    return {
        resource_of(record): remediation
        for remediation in still_open
        if remediation.action_type is ActionType.QUARANTINE
        for record in tx.findings.get_many(remediation.finding_ids)
    }


def _resources(tx: Transaction, quarantine: Quarantine) -> frozenset[ResourceAddress]:
    return frozenset(map(resource_of, tx.findings.get_many(quarantine.finding_ids)))
