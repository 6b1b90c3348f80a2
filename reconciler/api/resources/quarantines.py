"""`/quarantines`: what is isolated, since when and until when."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Daemon, answered
from reconciler.api.queries import QuarantinesQuery
from reconciler.wire.pages import page_object
from reconciler.wire.quarantines import quarantine_of


async def list_quarantines(
    service: Daemon, query: Annotated[QuarantinesQuery, Query()]
) -> Response:
    """List quarantines, newest first; `state=open` is every one that is not released."""
    page = await service.store.read(
        lambda view: view.quarantines.page(
            open_only=query.state is not None, cursor=query.cursor, limit=query.limit
        )
    )
    return answered(page_object(page, quarantine_of))
