"""Quarantines on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import DriverWord, Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import quarantines as domain
    from reconciler.wire.plans import Plan


@model
class Edge(Wire):
    """A resource that is detached, and the one it isolates by that.

    Of driver `swap` it is the isolated resource itself, whose `attribute` holds `group` alone, and
    of driver `script` whatever the script was run for.
    """

    address: str
    type: str
    isolates: str
    attribute: str | None = None
    group: str | None = None


@model
class Quarantine(Wire):
    """What is isolated: `id` is the remediation that isolates it, `release` the one that ends it.

    `reconnected_at` is when a scan found an edge attached again that nobody released, or what
    was swapped out of the state; `note` says which.
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
    driver: DriverWord = "detach"
    script: str | None = None
    """The script that isolated it, and releases it."""


def quarantine_of(quarantine: domain.Quarantine) -> Quarantine:
    """Return a quarantine."""
    return mapping.shown(
        Quarantine,
        quarantine,
        state=quarantine.state.value,
        driver=quarantine.driver.value,
        script=None if quarantine.script is None else quarantine.script.name,
        edges=[mapping.shown(Edge, edge) for edge in quarantine.edges],
        isolates=sorted({str(edge.isolates) for edge in quarantine.edges}),
    )


def driver_words(plan: Plan) -> str:
    """Return by which driver a plan isolates, and what that means, for whoever approves it."""
    if plan.script is not None:
        return "script: what it changes is read when it has run; the same script releases it"
    if any(resource.action == "update" for resource in plan.resources):
        return "swap: an apply of the stack by anybody else gives the groups back"
    return "detach: an apply of the stack by anybody else attaches it again"
