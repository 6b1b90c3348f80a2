"""A finding that has to wait does not hold up the others that a policy corrects with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from reconciler.domain.model import ResourceAddress
from reconciler.domain.records import FindingRecord, Remediation
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.engine.moves import move
from reconciler.engine.new_remediations import begin, part_of
from reconciler.engine.opening import MOST_PARTS
from reconciler.stores import Transaction

Sets = Collection[frozenset[ResourceAddress]]
"""Which addresses one plan would touch anyway."""

_MAY_PART: Final = frozenset(
    {
        RemediationState.DETECTED,
        RemediationState.QUEUED,
        RemediationState.HELD,
        RemediationState.PLANNING,
    }
)


def set_apart(  # noqa: PLR0913 - what is kept of a transition
    tx: Transaction,
    known: Remediation,
    records: Sequence[FindingRecord],
    waiting: Collection[str],
    *,
    sets: Sets = (),
    one_by_one: bool = False,
    at: datetime,
    why: str,
    guard: str | None = None,
) -> bool:
    """Divide what no person asked for if only some of `records` have to wait; return whether.

    What belongs together by `sets` stays together. What need not wait becomes one remediation,
    and so does what waits, or with `one_by_one` each set of it, up to ten, as what a person
    decides about does.
    """
    if not known.unasked or known.state not in _MAY_PART:
        return False
    parts = _parts(_by_set(records, sets), waiting, one_by_one=one_by_one)
    if not parts:
        return False
    move(tx, known, Event.SPLIT, at=at, note=f"divided: {why}", guard=guard)
    for part in parts:
        begin(tx, part_of(known, part, at=at), at=at)
    return True


def _parts(
    by_set: Sequence[Sequence[FindingRecord]],
    waiting: Collection[str],
    *,
    one_by_one: bool,
) -> list[Sequence[FindingRecord]]:
    waits = [part for part in by_set if any(record.address in waiting for record in part)]
    goes_on = [record for part in by_set if part not in waits for record in part]
    if not waits or not goes_on:
        return []
    if not one_by_one or len(waits) > MOST_PARTS:
        waits = [[record for part in waits for record in part]]
    return [goes_on, *waits]


def _by_set(records: Iterable[FindingRecord], sets: Sets) -> list[list[FindingRecord]]:
    numbers = {address: number for number, related in enumerate(sets) for address in related}
    parts: dict[int | ResourceAddress, list[FindingRecord]] = {}
    for record in records:
        parts.setdefault(numbers.get(record.address, record.address), []).append(record)
    return list(parts.values())
