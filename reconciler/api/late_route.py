"""A route of the API that FastAPI looks through when it is first asked, and not at the start.

Looking through one builds a validator of each parameter, and of the answer for the description:
for all 78 that was a sixth of the daemon's start, and most daemons are asked ten of them.
"""

from __future__ import annotations

import re
from functools import cached_property

from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from reconciler.api.operation import Operation


class LateRoute(Route):
    """Serves one operation by a route of the kind `made_as`, which is made when it is needed."""

    def __init__(self, path: str, operation: Operation, made_as: type[APIRoute]) -> None:
        super().__init__(path, operation.handler)
        self.methods = {operation.method}  # starlette's own would answer HEAD as well
        self.app = self._serve
        self._operation = operation
        self._made_as = made_as

    @cached_property
    def whole(self) -> APIRoute:
        """The route with all that FastAPI knows of its handler."""
        operation = self._operation
        return self._made_as(
            self.path,
            operation.handler,
            methods=[operation.method],
            status_code=operation.status,
            response_model=operation.answer,
            operation_id=_name(operation),
            tags=[operation.handler.__module__.rpartition(".")[2]],
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether it serves the request; what counts requests then reads its path."""
        match, found = super().matches(scope)
        if match is not Match.NONE:
            found["route"] = self
        return match, found

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.whole.app(scope, receive, send)


def _name(operation: Operation) -> str:
    words = f"{operation.method.lower()} {operation.path}"
    return re.sub(r"[^a-z_]+", "_", words).strip("_")
