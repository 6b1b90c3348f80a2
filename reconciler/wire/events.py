"""Events of the live stream on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.domain import events
from reconciler.wire import mapping
from reconciler.wire.decoding import decode
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain.records import EventEntry


@model
class Event(Wire):
    """What happened: `subject` is the id of what it happened to."""

    seq: int
    at: Time
    type: str
    subject: str
    body: dict[str, Any]


def body_of(event: Event) -> events.Body | events.Reset | None:
    """Return the typed body of an event; None for a type of a newer daemon.

    Raises:
        NotOfModelError: the body does not have the shape of its type.
    """
    row = events.CATALOGUE.get(event.type)
    if row is None:
        return decode(events.Reset, event.body) if event.type == events.RESET else None
    return decode(row.body, event.body)


def event_of(entry: EventEntry) -> Event:
    """Return the data of one event of the live stream."""
    return mapping.shown(Event, entry)
