"""The kill switch as a file: it stays pulled when the database is lost or an older one is put back.

The file is made after the hold is committed, and removed after its release. One that is found
without a hold in the database puts the hold back, unless the audit tells of its release.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.bootstrap.instance import write_secret
from reconciler.bounded_files import read_bytes
from reconciler.domain.events import HoldSet
from reconciler.domain.records import Hold
from reconciler.engine.journal import audit, emit
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.model import encode

HOLD: Final = "hold.json"
_MOST_BYTES: Final = 64 * 2**10
_RELEASED: Final = "hold.released"


def held_by_file(data_dir: Path, *, now: datetime) -> Hold | None:
    """Return the hold that the file in `data_dir` tells of; one nobody can read holds as well."""
    path = data_dir / HOLD
    try:
        told = json.loads(read_bytes(path, most=_MOST_BYTES))
        until = told["until"]
        hold = Hold(
            by=str(told["by"]),
            reason=str(told["reason"]),
            since=_time(told["since"]),
            until=_time(until) if until else None,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Hold(by=HOLD, reason=f"{path} is there and cannot be read", since=now)
    return None if hold.has_ended(now=now) else hold


def mirror_hold(data_dir: Path, hold: Hold | None) -> None:
    """Make the file say what the database says."""
    path = data_dir / HOLD
    if hold is None:
        path.unlink(missing_ok=True)
        return
    told = {
        "by": hold.by,
        "reason": hold.reason,
        "since": hold.since.isoformat(),
        "until": hold.until.isoformat() if hold.until else None,
    }
    write_secret(path, json.dumps(told) + "\n")


def restore_hold(tx: Transaction, found: Hold | None, *, at: datetime) -> Hold | None:
    """Put the hold of the file back into a database that does not know it; return what holds."""
    known = tx.holds.get()
    if known is not None or found is None or _was_released(tx, found):
        return known
    tx.holds.put(found)
    body = mapping.shown(HoldSet, found)
    audit(tx, "hold.restored", "hold", at=at, details=encode(body))
    emit(tx, "hold.set", "hold", body, at=at)
    return found


def _was_released(tx: Transaction, hold: Hold) -> bool:
    # The process may have ended between the release and the removal of the file.
    newest = next(iter(tx.audit.page(subject="hold", limit=1).items), None)
    return newest is not None and newest.action == _RELEASED and newest.at >= hold.since


def _time(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
