"""Quarantines on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import quarantines as domain


@model
class Edge(Wire):
    """A resource that is detached, and the one it isolates by that."""

    address: str
    type: str
    isolates: str


@model
class Quarantine(Wire):
    """What is isolated: `id` is the remediation that isolates it, `release` the one that ends it.

    `reconnected_at` is when a scan found an edge attached again that nobody released.
    """

    id: str
    stack: str
    state: str
    finding_ids: list[str]
    isolates: list[str]
    edges: list[Edge]
    since: Time
    expires_at: Time
    release: str | None
    ended_at: Time | None
    reconnected_at: Time | None
    note: str | None


def quarantine_of(quarantine: domain.Quarantine) -> Quarantine:
    """Return a quarantine."""
    return mapping.shown(
        Quarantine,
        quarantine,
        state=quarantine.state.value,
        edges=[mapping.shown(Edge, edge) for edge in quarantine.edges],
        isolates=sorted({str(edge.isolates) for edge in quarantine.edges}),
    )
