"""`/findings`: what deviates."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered
from reconciler.api.filters import read_filter
from reconciler.api.queries import FindingsQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import FindingId
from reconciler.engine import suppression
from reconciler.engine.planning import plan_finding
from reconciler.wire.findings import finding_record_json, finding_record_object
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
    found = await service.store.read(lambda view: view.findings.get(FindingId(finding_id)))
    if found is None:
        raise NotFoundError(f"there is no finding {finding_id}")
    return answered(finding_record_object(found))


async def ignore(service: Daemon, actor: Actor, finding_id: Id, body: IgnoreBody) -> Response:
    """Take one finding off the list until its drift changes, or until a time."""
    ignored = await suppression.ignore(
        service,
        FindingId(finding_id),
        reason=body.reason,
        until=body.until,
        covers=body.covers,
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


async def plan(service: Daemon, finding_id: Id) -> Response:
    """Return what correcting one finding would do; nothing is changed."""
    return answered(await plan_finding(service, FindingId(finding_id)))
