"""Is the drift that was decided on still what is there? Asked again right before an apply.

The tool refuses a saved plan when the state's serial moved, but not when the live objects did:
somebody who heals or changes one by hand writes no state.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.domain.errors import ReconcilerError, RetryableError
from reconciler.domain.lifecycle import Fold, fold
from reconciler.domain.phases import Event
from reconciler.domain.records import FindingRecord, Remediation, StackRecord
from reconciler.domain.sources import SCAN
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import heal
from reconciler.engine.looking import Blind, Look, look
from reconciler.engine.moves import move
from reconciler.engine.service import Service
from reconciler.stores import Transaction

GONE = "the drift went away on its own"
CHANGED = "the drift changed"
NOT_SEEN = "a scan sees no drift there; the source that reported it has to say that it is healed"
SEEN_BY_SCAN = "a scan sees drift there; request a remediation of the finding that the scan opens"


async def read_again(
    service: Service, stack: StackRecord, records: Sequence[FindingRecord]
) -> Look | ReconcilerError:
    """Return what a fresh read of exactly the addresses of `records` gave.

    An error is why it cannot be told: then nothing may be applied now.
    """
    seen = await look(service, stack, addresses=frozenset(one.address for one in records))
    if isinstance(seen, Blind):
        return seen.error
    if seen.report.unreadable:
        address, reason = seen.report.unreadable[0]
        return RetryableError(f"{address} cannot be read: {reason}")
    return seen


def moved_since(
    tx: Transaction, known: Remediation, records: Sequence[FindingRecord], seen: Look
) -> bool:
    """End `known` if `seen` is not the drift of `records`; return whether it was ended."""
    at = seen.report.observed_at
    reported = [record for record in records if record.seen_by != SCAN]
    if reported:
        _end_reported(tx, known, reported, seen)
        return True
    folded = _folded(records, seen)
    if not folded.changed and not folded.healed:
        return False
    if folded.changed or len(folded.healed) < len(records):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=CHANGED)
    else:
        heal(tx, folded.healed, at=at)
        move(tx, known, Event.DRIFT_GONE, at=at, note=GONE)
    scan_soon(tx, known.stack, at=at)
    return True


def _end_reported(
    tx: Transaction, known: Remediation, reported: Sequence[FindingRecord], seen: Look
) -> None:
    """End what was asked for by a report: nothing read here can be compared with it."""
    at = seen.report.observed_at
    addresses = {record.address for record in reported}
    if any(finding.address in addresses for finding in seen.report.findings):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=SEEN_BY_SCAN)
    else:
        move(tx, known, Event.DRIFT_GONE, at=at, note=NOT_SEEN)
    scan_soon(tx, known.stack, at=at)


def _folded(records: Sequence[FindingRecord], seen: Look) -> Fold:
    asked = frozenset(record.address for record in records)
    return fold(records, seen.report, asked=asked)
