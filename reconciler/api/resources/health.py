"""`/healthz`, `/readyz`, `/metrics`: what watches the watcher."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from reconciler.api.answers import Daemon, answered
from reconciler.api.metrics import CONTENT_TYPE, Metrics


async def healthz() -> Response:
    """Say that the process answers."""
    return answered({"status": "ok"})


async def readyz(service: Daemon) -> Response:
    """Say that the database can be written; 503 when it cannot."""
    await service.store.transact(lambda _: None)
    return answered({"status": "ready"})


async def metrics(request: Request, service: Daemon) -> Response:
    """Return the metrics as Prometheus reads them."""
    gathered: Metrics = request.app.state.metrics
    return Response(await gathered.exposition(service), media_type=CONTENT_TYPE)
