"""The outermost ring: times every answer, and lets no defect out as a traceback."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.api.metrics import Metrics
from reconciler.api.problem import refusal_of

_NO_ROUTE: Final = "none"
_log = structlog.get_logger()


class EdgeMiddleware:
    """Counts each request by its route, and answers 500 for what nobody foresaw."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        started = False

        async def timed_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start" and not started:
                started = True
                self._metrics.answered(
                    method=_method(scope),
                    route=_route(scope),
                    status=message["status"],
                    seconds=time.perf_counter() - began,
                )
            await send(message)

        try:
            await self._app(scope, receive, timed_send)
        except Exception as error:  # noqa: BLE001 - the one place where a request ends
            log_failure(scope, error)
            if not started:
                await refusal_of(error).response()(scope, receive, timed_send)


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in {"GET", "POST", "PUT", "DELETE"} else "other"


def _route(scope: Scope) -> str:
    # Never the path itself: everybody may make up as many as they like.
    return str(getattr(scope.get("route"), "path_format", _NO_ROUTE))


def log_failure(scope: Scope, error: Exception) -> None:
    """Log what failed and where, never the error's own text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
    # Not the error's own text: it may hold a value.
    _log.error("request_failed", route=_route(scope), error=type(error).__name__, place=place)
