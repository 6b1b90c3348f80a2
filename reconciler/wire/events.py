"""Events of the live stream on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.domain.records import EventEntry
from reconciler.wire import mapping
from reconciler.wire.model import Wire
from reconciler.wire.rules import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Wire):
    """What happened: `subject` is the id of what it happened to."""

    seq: int
    at: Time
    type: str
    subject: str
    body: dict[str, Any]


def event_of(entry: EventEntry) -> Event:
    """Return the data of one event of the live stream."""
    return mapping.shown(Event, entry)
