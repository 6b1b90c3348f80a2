"""What is isolated and gets another address in the state: its quarantine follows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from reconciler.domain.model import ResourceAddress
from reconciler.domain.quarantines import Quarantine, QuarantineState, moved_to
from reconciler.domain.records import FindingRecord, FindingState
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


def follow_moved(
    tx: Transaction,
    records: Sequence[FindingRecord],
    quarantines: Collection[Quarantine],
    moved: Moved,
    *,
    at: datetime,
) -> tuple[FindingRecord, ...]:
    """Let the drift that shows at a new address belong to the quarantine of the old one.

    The finding at the old address has healed, which would release what still drifts.
    """
    if not moved:
        return tuple(records)
    for known in quarantines:
        about = {record.address for record in tx.findings.get_many(known.finding_ids)}
        new = {address for before, address in moved.items() if before in about}
        more = [record for record in records if record.address in new]
        fresh = tx.quarantines.get(known.id)
        if more and fresh is not None and fresh.state is QuarantineState.ACTIVE:
            add(tx, fresh, more, at=at)
    ids = [record.id for record in records]
    return tuple(
        record for record in tx.findings.get_many(ids) if record.state is not FindingState.HEALED
    )
