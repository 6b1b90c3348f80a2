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
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import heal
from reconciler.engine.looking import Blind, Look, look
from reconciler.engine.moves import move
from reconciler.engine.service import Service
from reconciler.stores import Transaction

GONE = "the drift went away on its own"
CHANGED = "the drift changed"


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
    folded = _folded(records, seen)
    at = seen.report.observed_at
    if not folded.changed and not folded.healed:
        return False
    if folded.changed or len(folded.healed) < len(records):
        move(tx, known, Event.DRIFT_CHANGED, at=at, note=CHANGED)
    else:
        heal(tx, folded.healed, at=at)
        move(tx, known, Event.DRIFT_GONE, at=at, note=GONE)
    scan_soon(tx, known.stack, at=at)
    return True


def _folded(records: Sequence[FindingRecord], seen: Look) -> Fold:
    asked = frozenset(record.address for record in records)
    return fold(records, seen.report, asked=asked)
