"""One line of the log for each transition, so that one grep tells a remediation's story."""

from __future__ import annotations

import structlog

from reconciler.domain.events import CATALOGUE, log_line
from reconciler.domain.records import EventEntry
from reconciler.wire.decoding import NotOfModelError, decode

_log = structlog.get_logger()


def log_event(entry: EventEntry) -> None:
    """Log a committed event; every id in it stands under the name of what it is of."""
    row = CATALOGUE.get(entry.type)
    # What an older version wrote may be of no type or shape of today.
    if row is None:
        return
    try:
        said = log_line(decode(row.body, entry.body))
    except NotOfModelError:
        return
    getattr(_log, row.level)(entry.type, seq=entry.seq, **said)
