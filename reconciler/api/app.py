"""The API, put together: a gate, a table of operations, and what stands around them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reconciler.api.agent_lane import AgentLane
from reconciler.api.answers import answered
from reconciler.api.body_parser import BodyParser
from reconciler.api.credentials import Credentials
from reconciler.api.edge import EdgeMiddleware
from reconciler.api.gate import Gate
from reconciler.api.hosts import Hosts, HostsMiddleware
from reconciler.api.late_route import LateRoute
from reconciler.api.limits import Limits, LimitsMiddleware
from reconciler.api.metrics import Metrics
from reconciler.api.open_counts import OpenCounts
from reconciler.api.openapi import document
from reconciler.api.operation import Operation
from reconciler.api.problem import refusal_of
from reconciler.api.replay import Replays
from reconciler.api.resources.settings import Reload
from reconciler.api.stream import EventStream
from reconciler.api.table import all_operations
from reconciler.domain.records import EventEntry
from reconciler.engine.agent_intake import AgentIntake
from reconciler.engine.service import Service
from reconciler.engine.slack_decisions import SlackDecisions
from reconciler.engine.story import log_event
from reconciler.stack_options import StackOptions
from reconciler.wire import routes

OPENAPI_PATH: Final = routes.OPENAPI.at()
_NOT_ALLOWED: Final = 405


class Api(FastAPI):
    """The application, with a lane of its own for reports of agents."""

    lane: AgentLane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if not await self.lane.served(scope, receive, send):
            await super().__call__(scope, receive, send)


def build_app(
    service: Service,
    *,
    limits: Limits | None = None,
    hosts: Hosts | None = None,
    open_metrics: bool = False,
    reload: Reload | None = None,
    stack_options: Mapping[str, type[StackOptions]] | None = None,
) -> Api:
    """Return the API over `service`; its lifespan feeds the live stream.

    `stack_options` are those of each installed tool, for the API's description. Without
    `hosts` it is asked by any name. With `open_metrics` loopback may read `/metrics` without a
    token. `reload` reads the settings anew; without it that is refused.
    """
    limits = limits or Limits()
    operations = all_operations(open_metrics=open_metrics)
    metrics = Metrics()
    stream = EventStream(
        service.store,
        most_listeners=limits.subscribers,
        most_of_one=limits.subscribers_per_token,
        seen=_witness(metrics),
    )
    app = Api(
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.state.reload = reload
    app.state.metrics = metrics
    app.state.stream = stream
    app.state.open_counts = OpenCounts()
    app.state.credentials = Credentials(service, bad_per_minute=limits.bad_tokens_per_minute)
    app.state.bodies = BodyParser()
    app.state.slack_decisions = SlackDecisions(service)
    app.state.agent_intake = AgentIntake(service)
    app.lane = AgentLane(app.state.agent_intake, metrics=metrics, limits=limits)
    gate = Gate(app.state.credentials, Replays(service), app.state.bodies, operations)
    made_as = gate.route_class()
    routes = [LateRoute(path, one, made_as) for (_, path), one in operations.items()]
    app.router.routes.extend(routes)
    _add_description(app, routes, operations, stack_options or {})
    _add_refusals(app, operations)
    if hosts is not None:
        app.add_middleware(HostsMiddleware, hosts=hosts)
    app.add_middleware(LimitsMiddleware, limits=limits)
    app.add_middleware(EdgeMiddleware, metrics=metrics)
    return app


def _witness(metrics: Metrics) -> Callable[[EventEntry], None]:
    """Return what counts and logs each committed event, whether anybody listens or not."""

    def happened(entry: EventEntry) -> None:
        metrics.happened(entry)
        log_event(entry)

    return happened


def end_streams(app: FastAPI) -> None:
    """End every stream of events, so that a server that stops need not wait for them."""
    stream: EventStream = app.state.stream
    stream.close()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    stream: EventStream = app.state.stream
    async with asyncio.TaskGroup() as group:
        group.create_task(stream.run(), name="events")
        yield
        stream.close()
    await app.state.bodies.close()


def _add_description(
    app: FastAPI,
    routes: Sequence[LateRoute],
    operations: Mapping[tuple[str, str], Operation],
    stack_options: Mapping[str, type[StackOptions]],
) -> None:
    async def describe(_request: Request) -> Response:
        return answered(document(app, routes, operations, stack_options))

    app.router.add_route(OPENAPI_PATH, describe, methods=["GET"], include_in_schema=False)


def _add_refusals(app: FastAPI, operations: Mapping[tuple[str, str], Operation]) -> None:
    async def refuse(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        if refusal.status == _NOT_ALLOWED:
            refusal.headers["Allow"] = _allowed(request.url.path, operations)
        return refusal.response()

    app.add_exception_handler(HTTPException, refuse)


def _allowed(path: str, operations: Mapping[tuple[str, str], Operation]) -> str:
    # `/agents/enroll` is described by itself, and not as the agent of that name.
    literal = {method for method, pattern in operations if pattern == path}
    found = literal or {
        method
        for method, pattern in operations
        if re.fullmatch(
            re.sub(r"\{\w+\}", "[^/]+", re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}")),
            path,
        )
    }
    return ", ".join(sorted(found)) or "GET"
