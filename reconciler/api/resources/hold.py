"""`/hold`: the kill switch."""

from __future__ import annotations

from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, answered, nothing
from reconciler.engine import decisions
from reconciler.wire.holds import HoldBody, hold_of


async def read_hold(service: Daemon) -> Response:
    """Say whether the kill switch is pulled, by whom and why."""
    return answered(hold_of(await service.store.read(lambda view: view.holds.get())))


async def pull(service: Daemon, actor: Actor, body: HoldBody | None = None) -> Response:
    """Let nothing begin to change the world, until it is released or the time has come."""
    wanted = body or HoldBody()
    pulled = await decisions.hold(service, by=actor, reason=wanted.reason, until=wanted.until)
    return answered(hold_of(pulled))


async def release(service: Daemon, actor: Actor) -> Response:
    """Let corrections go on."""
    await decisions.resume(service, by=actor)
    return nothing()
