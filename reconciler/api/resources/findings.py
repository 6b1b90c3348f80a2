"""`/findings`: what deviates."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered
from reconciler.api.filters import read_filter
from reconciler.api.queries import FindingsQuery
from reconciler.comparison import compare_changes
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import FindingId, FindingRecord, ReportId
from reconciler.engine import accepting, suppression
from reconciler.engine.planning import plan_finding
from reconciler.engine.shown_alerts import tickets_of
from reconciler.stores import Transaction
from reconciler.wire.baselines import AcceptBody, acceptance_object
from reconciler.wire.comparisons import comparison_of
from reconciler.wire.findings import Object, finding_record_json, finding_record_object
from reconciler.wire.ignores import IgnoreBody, NoteBody
from reconciler.wire.pages import page_object


async def list_findings(service: Daemon, query: Annotated[FindingsQuery, Query()]) -> Response:
    """List findings, most severe first; without a `state:` term those that are open."""
    wanted = read_filter(query.filter)
    page = await service.store.read(
        lambda view: view.findings.page(wanted, cursor=query.cursor, limit=query.limit)
    )
    return answered(page_object(page, finding_record_json))


async def read_finding(service: Daemon, finding_id: Id) -> Response:
    """Read one finding."""
    found, tickets = await service.store.read(lambda view: _with_tickets(view, finding_id))
    if found is None:
        raise NotFoundError(f"there is no finding {finding_id}")
    # Beside the loop: it may take as long as its time box.
    shown = await asyncio.to_thread(_compared, finding_record_object(found))
    return answered({**shown, "tickets": tickets})


def _with_tickets(view: Transaction, name: str) -> tuple[FindingRecord | None, list[Object]]:
    """Return a finding, and the tickets of the alert that it is in."""
    finding_id = FindingId(name)
    tickets = [
        {"channel": channel, "key": receipt["key"], "url": receipt["url"]}
        for channel, receipt in sorted(tickets_of(view, finding_id).items())
    ]
    return view.findings.get(finding_id), tickets


def _compared(finding: Object) -> Object:
    """Return a finding with what differs inside each of its changes."""
    changes = finding.get("changes")
    if not changes:
        return finding
    comparisons = compare_changes(changes)
    shown = [
        change if found is None else {**change, "comparison": comparison_of(found).as_json()}
        for change, found in zip(changes, comparisons, strict=True)
    ]
    return {**finding, "changes": shown}


async def ignore(service: Daemon, actor: Actor, finding_id: Id, body: IgnoreBody) -> Response:
    """Take one finding off the list until its drift changes, or until a time."""
    ignored = await suppression.ignore(
        service,
        FindingId(finding_id),
        reason=body.reason,
        until=body.until,
        covers=body.covers,
        report_id=ReportId(body.report_id) if body.report_id is not None else None,
        actor=actor,
    )
    return answered(finding_record_object(ignored))


async def note(service: Daemon, actor: Actor, finding_id: Id, body: NoteBody) -> Response:
    """Keep what somebody says of one finding: a comment, that it is seen to, or whose it is."""
    known = await suppression.note(
        service, FindingId(finding_id), kind=body.kind, text=body.text, actor=actor
    )
    return answered(finding_record_object(known))


async def unsuppress(service: Daemon, actor: Actor, finding_id: Id) -> Response:
    """Make a suppressed finding open again."""
    opened = await suppression.unsuppress(service, FindingId(finding_id), actor=actor)
    return answered(finding_record_object(opened))


async def accept(service: Daemon, actor: Actor, finding_id: Id, body: AcceptBody) -> Response:
    """Say that the live values of an undeclared finding are right from now on."""
    made = await accepting.accept(
        service,
        FindingId(finding_id),
        reason=body.reason,
        fingerprint=body.fingerprint,
        actor=actor,
    )
    return answered(acceptance_object(made))


async def undo_accept(service: Daemon, actor: Actor, finding_id: Id) -> Response:
    """Put the baseline back to what it was before the finding was accepted."""
    made = await accepting.undo(service, FindingId(finding_id), actor=actor)
    return answered(acceptance_object(made))


async def declaration(service: Daemon, finding_id: Id) -> Response:
    """Return the code that would declare what an undeclared finding shows."""
    return answered(await accepting.declaration(service, FindingId(finding_id)))


async def plan(service: Daemon, finding_id: Id) -> Response:
    """Return what correcting one finding would do; nothing is changed."""
    return answered(await plan_finding(service, FindingId(finding_id)))
