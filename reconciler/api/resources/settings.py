"""`/reload`: the settings file, read anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.responses import Response

from reconciler.api.answers import Actor, answered
from reconciler.domain.errors import ConflictError
from reconciler.engine.reloading import Reloaded
from reconciler.wire import mapping
from reconciler.wire import models as wire

Reload = Callable[[str], Awaitable[Reloaded]]


async def reload(request: Request, actor: Actor) -> Response:
    """Read trueup.toml anew, and take in what can change without a restart."""
    take_in: Reload | None = request.app.state.reload
    if take_in is None:
        raise ConflictError("this daemon has no trueup.toml to read", code="not-available")
    return answered(mapping.shown(wire.Reloaded, await take_in(actor)))
