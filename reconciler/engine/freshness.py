"""Is the drift that was decided on still what is there? Asked again right before an apply.

The tool refuses a saved plan when the state's serial moved, but not when the live objects did:
somebody who heals or changes one by hand writes no state.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from reconciler.domain.errors import NotFoundError, ReconcilerError, RetryableError
from reconciler.domain.lifecycle import Fold, fold
from reconciler.domain.model import Origin
from reconciler.domain.plan import Plan
from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import Quarantine, moved_to
from reconciler.domain.records import (
    POLICY,
    FindingRecord,
    Remediation,
    RemediationId,
    StackRecord,
)
from reconciler.domain.remediation_states import Event
from reconciler.domain.sources import SCAN, is_of_agent
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import heal
from reconciler.engine.leaving_out import ignored_of, leave_out
from reconciler.engine.moves import move, unhealed_of
from reconciler.engine.quarantine.moving import left_state
from reconciler.engine.quarantine.scanning import being_changed, without_isolated
from reconciler.engine.scanned import Blind, Scanned, reference_of, scan
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_Isolated: TypeAlias = tuple[
    tuple[Quarantine, ...], tuple[FindingRecord, ...], frozenset[RemediationId]
]
GONE: Final = "the drift went away on its own"
CHANGED: Final = "the drift changed"
_IGNORED: Final = "ignored meanwhile"
NOT_SEEN: Final = (
    "a scan sees no drift there; the source that reported it has to say that it is healed"
)
SEEN_BY_SCAN: Final = (
    "a scan sees drift there; request a remediation of the finding that the scan opens"
)


def overtaken(
    tx: Transaction, known: Remediation, records: Sequence[FindingRecord], *, at: datetime
) -> bool:
    """End `known` if nothing of its drift is left, or it is another by now; return whether.

    `records` are those of its findings that are still there.
    """
    if known.action_type is ActionType.RELEASE:
        return False  # it is about edges, whatever became of the drift
    if not records:
        move(tx, known, Event.DRIFT_GONE, at=at, note=GONE)
    elif known.requested_by == POLICY and (ignored := ignored_of(tx, known)):
        # It was in effect when somebody ignored a part of it, and now tries again.
        return leave_out(tx, known, ignored, at=at, why=_IGNORED)
    elif _drift_changed(known, records):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=CHANGED)
    else:
        return False
    return True


def _drift_changed(remediation: Remediation, records: Sequence[FindingRecord]) -> bool:
    """Whether one of its findings is another drift than the one that was decided on."""
    decided = dict(zip(remediation.finding_ids, remediation.fingerprints, strict=True))
    return any(decided.get(record.id) != record.fingerprint for record in records)


def moved_since(
    tx: Transaction, known: Remediation, records: Sequence[FindingRecord], seen: Scanned
) -> bool:
    """End `known` if `seen` is not the drift of `records`; return whether it was ended."""
    at = seen.report.observed_at
    by_agents = [record for record in records if is_of_agent(record.seen_by)]
    reported = [record for record in records if record.seen_by != SCAN and record not in by_agents]
    if reported:
        _end_reported(tx, known, reported, seen)
        return True
    # What a host is, its agent says; that has not changed, or `known` would have been overtaken.
    records = [record for record in records if record not in by_agents]
    elsewhere = left_state(tx, known.stack, seen.recorded) & {record.id for record in records}
    folded = _folded(records, seen)
    if not folded.changed and not folded.healed:
        return False
    if elsewhere or folded.changed or by_agents or len(folded.healed) < len(records):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=CHANGED)
    else:
        heal(tx, folded.healed, at=at)
        move(tx, known, Event.DRIFT_GONE, at=at, note=GONE)
    scan_soon(tx, known.stack, at=at)
    return True


def _end_reported(
    tx: Transaction, known: Remediation, reported: Sequence[FindingRecord], seen: Scanned
) -> None:
    """End what was asked for by a report: nothing read here can be compared with it."""
    at = seen.report.observed_at
    addresses = {record.address for record in reported}
    found = (finding for finding in seen.report.findings if finding.origin is not Origin.UNDECLARED)
    if any(finding.address in addresses for finding in found):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=SEEN_BY_SCAN)
    else:
        move(tx, known, Event.DRIFT_GONE, at=at, note=NOT_SEEN)
    scan_soon(tx, known.stack, at=at)


def _folded(records: Sequence[FindingRecord], seen: Scanned) -> Fold:
    asked = frozenset(record.address for record in records)
    return fold(records, seen.report, asked=asked)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a fresh read showed under the stack's lock, which is held until the apply ended."""

    seen: Scanned
    holding: int


async def check(
    service: Service, known: Remediation, plan: Plan, held: ExitStack
) -> Checked | ReconcilerError | None:
    """Read what the plan is about once more, with the stack's lock; None when it does nothing.

    From here to the end of the apply no other trueup of this user on this host writes there.
    """
    if plan.empty:
        return None
    stack, records = await service.store.read(
        lambda view: (view.stacks.get(known.stack), unhealed_of(view, known))
    )
    if stack is None:
        return NotFoundError(f"stack {known.stack} is not registered any more")
    try:
        reference = await reference_of(service, stack)
        holding = await asyncio.to_thread(service.apply_locks.acquire, reference)
    except ReconcilerError as error:
        return error
    held.callback(os.close, holding)
    seen = await _read_again(service, stack, records)
    return seen if isinstance(seen, ReconcilerError) else Checked(seen, holding)


async def _read_again(
    service: Service, stack: StackRecord, records: Sequence[FindingRecord]
) -> Scanned | ReconcilerError:
    """Return what a fresh read of exactly the addresses of `records` gave.

    An error is why it cannot be told: then nothing may be applied now.
    """
    asked = frozenset(record.address for record in records)
    seen = await scan(service, stack, addresses=asked)
    if isinstance(seen, Blind):
        return seen.error
    unread = seen.unread(asked)
    if unread is not None:
        return RetryableError(unread)
    return await _without_isolated(service, stack, seen)


async def _without_isolated(service: Service, stack: StackRecord, seen: Scanned) -> Scanned:
    """Return `seen` without what is absent or swapped on purpose, as the findings are kept.

    Otherwise a correction of what is isolated would end as one whose drift changed, where it is
    held by the quarantine.
    """
    at = service.clock.now()

    def asked(view: Transaction) -> _Isolated:
        quarantines = view.quarantines.unreleased(stack.name)
        return (
            quarantines,
            view.findings.unhealed(stack.name),
            being_changed(view, quarantines, at=at),
        )

    quarantines, known, under_way = await service.store.read(asked)
    now = [moved_to(quarantine, seen.moved) for quarantine in quarantines]
    report = without_isolated(
        seen.report, now, records=known, judging=service.judging, under_way=under_way
    )
    return replace(seen, report=report)
