"""Holds as a file: they stay when the database is lost or an older one is put back.

The file is made after a hold is committed, and changed after its release. A hold that is found
there and not in the database is put back, unless the audit tells of its release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reconciler.bootstrap.instance import write_secret
from reconciler.bounded_files import read_bytes
from reconciler.domain.events import HoldSet
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import Hold
from reconciler.engine.journal import audit, emit
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.model import encode

HOLD: Final = "hold.json"
_MOST_BYTES: Final = 64 * 2**10
_RELEASED: Final = "hold.released"


def held_by_file(data_dir: Path, *, now: datetime) -> tuple[Hold, ...]:
    """Return the holds that the file in `data_dir` tells of; one nobody can read holds all."""
    path = data_dir / HOLD
    try:
        content = json.loads(read_bytes(path, most=_MOST_BYTES))
        listed = content.get("holds", [content])
        holds = tuple(map(_hold, listed))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError):
        return (Hold(by=HOLD, reason=f"{path} is there and cannot be read", since=now),)
    return tuple(hold for hold in holds if not hold.has_ended(now=now))


def mirror_holds(data_dir: Path, holds: Sequence[Hold]) -> None:
    """Make the file say what the database says."""
    path = data_dir / HOLD
    if not holds:
        path.unlink(missing_ok=True)
        return
    write_secret(path, json.dumps({"holds": [_written(hold) for hold in holds]}) + "\n")


def restore_holds(tx: Transaction, found: Sequence[Hold], *, at: datetime) -> tuple[Hold, ...]:
    """Put the holds of the file back into a database that does not know them; return those."""
    known = {(hold.scope, hold.unasked) for hold in tx.holds.all()}
    lost = tuple(
        hold
        for hold in found
        if (hold.scope, hold.unasked) not in known and not _was_released(tx, hold)
    )
    for hold in lost:
        tx.holds.put(hold)
        body, subject = mapping.shown(HoldSet, hold), hold.scope or "hold"
        audit(tx, "hold.restored", subject, at=at, details=encode(body))
        emit(tx, "hold.set", subject, body, at=at)
    return lost


def _hold(content: Mapping[str, Any]) -> Hold:
    until, stack, address = content.get("until"), content.get("stack"), content.get("address")
    return Hold(
        by=str(content["by"]),
        reason=str(content["reason"]),
        since=_time(content["since"]),
        until=_time(until) if until else None,
        stack=StackName(stack) if stack else None,
        address=ResourceAddress(address) if address else None,
        unasked=bool(content.get("unasked")),
    )


def _written(hold: Hold) -> dict[str, Any]:
    return {
        "by": hold.by,
        "reason": hold.reason,
        "since": hold.since.isoformat(),
        "until": hold.until.isoformat() if hold.until else None,
        "stack": hold.stack,
        "address": hold.address,
        "unasked": hold.unasked,
    }


def _was_released(tx: Transaction, hold: Hold) -> bool:
    # The process may have ended between the release and the removal of the file.
    newest = next(iter(tx.audit.page(subject=hold.scope or "hold", limit=1).items), None)
    return newest is not None and newest.action == _RELEASED and newest.at >= hold.since


def _time(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
