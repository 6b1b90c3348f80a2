"""What is isolated and gets another address in the state: its quarantine follows it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.lifecycle import slot_of
from reconciler.domain.model import Origin, ResourceAddress, StackName
from reconciler.domain.quarantines import Quarantine, QuarantineState, moved_to, resource_of
from reconciler.domain.records import FindingId, FindingRecord, FindingState
from reconciler.domain.sources import SCAN
from reconciler.engine.quarantine.joining import add
from reconciler.engine.quarantine.keeping import tell
from reconciler.stores import Transaction

Moved = Mapping[ResourceAddress, ResourceAddress]


def carry_over(
    tx: Transaction, quarantines: Collection[Quarantine], moved: Moved, *, at: datetime
) -> tuple[Quarantine, ...]:
    """Write each of `quarantines` with the addresses that its objects have now, and return all.

    Otherwise the scan would show the isolation as drift of another resource, and a correction of
    that would give the groups back.
    """
    now = tuple(moved_to(known, moved) for known in quarantines)
    for before, after in zip(quarantines, now, strict=True):
        if after.edges == before.edges:
            continue
        if after.state is QuarantineState.ACTIVE:
            tell(tx, after, "active", at=at)
        else:
            tx.quarantines.put(after)
    return now


def readdress(
    tx: Transaction, stack: StackName, quarantines: Iterable[Quarantine], moved: Moved
) -> None:
    """Write the drift of `quarantines` that moved under the address that it has now.

    A scan that cannot read it there would say nothing of it, and later ones know of no move. What
    no code declares is compared anew at a new address, so that stays where it was found.
    """
    if not moved:
        return
    unhealed = tx.findings.unhealed(stack)
    taken = {slot_of(record) for record in unhealed}
    about = {finding_id for known in quarantines for finding_id in known.finding_ids}
    tx.findings.put_many(
        replace(record, address=now, details={**record.details, "address": now})
        for record in unhealed
        if record.id in about
        and record.seen_by == SCAN
        and record.origin is not Origin.UNDECLARED
        and (now := moved.get(record.address)) is not None
        and (now, False) not in taken
    )


def left_state(
    tx: Transaction, stack: StackName, recorded: Collection[ResourceAddress]
) -> frozenset[FindingId]:
    """Return the drift of what is isolated that no resource of the record can show any more.

    That it does not show is no evidence that it is gone: the resource may have another address.
    """
    quarantines = tx.quarantines.unreleased(stack)
    about = [finding_id for known in quarantines for finding_id in known.finding_ids]
    return frozenset(
        record.id
        for record in tx.findings.get_many(about)
        if record.state is not FindingState.HEALED and resource_of(record) not in recorded
    )


def follow_moved(
    tx: Transaction,
    records: Sequence[FindingRecord],
    quarantines: Collection[Quarantine],
    moved: Moved,
    *,
    at: datetime,
) -> tuple[FindingRecord, ...]:
    """Let the drift that shows at a new address belong to the quarantine of the old one."""
    if not moved:
        return tuple(records)
    for known in quarantines:
        about = set(map(resource_of, tx.findings.get_many(known.finding_ids)))
        new = {now for before, now in moved.items() if before in about or now in about}
        more = [record for record in records if resource_of(record) in new]
        fresh = tx.quarantines.get(known.id)
        if more and fresh is not None and fresh.state is QuarantineState.ACTIVE:
            add(tx, fresh, more, at=at)
    ids = [record.id for record in records]
    return tuple(
        record for record in tx.findings.get_many(ids) if record.state is not FindingState.HEALED
    )
