"""`/audit`: who did what to what."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Daemon, answered
from reconciler.api.queries import AuditQuery
from reconciler.engine.auditing import verify
from reconciler.wire.audit import audit_of, verified_of
from reconciler.wire.pages import page_object


async def verify_audit(service: Daemon) -> Response:
    """Follow the digests of all entries from the oldest to the newest."""
    return answered(verified_of(await verify(service)))


async def list_audit(service: Daemon, query: Annotated[AuditQuery, Query()]) -> Response:
    """List audit rows, newest first."""
    page = await service.store.read(
        lambda view: view.audit.page(subject=query.subject, cursor=query.cursor, limit=query.limit)
    )
    return answered(page_object(page, audit_of))
