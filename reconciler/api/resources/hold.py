"""`/hold`: the kill switch."""

from __future__ import annotations

from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, answered, nothing
from reconciler.api.bodies import HoldBody, read_time
from reconciler.engine import decisions
from reconciler.wire.service import hold_object


async def read_hold(service: Daemon) -> Response:
    """Say whether the kill switch is pulled, by whom and why."""
    return answered(hold_object(await service.store.read(lambda view: view.holds.get())))


async def pull(service: Daemon, actor: Actor, body: HoldBody | None = None) -> Response:
    """Let nothing begin to change the world, until it is released or the time has come."""
    wanted = body or HoldBody()
    until = read_time(wanted.until) if wanted.until else None
    pulled = await decisions.hold(service, by=actor, reason=wanted.reason, until=until)
    return answered(hold_object(pulled))


async def release(service: Daemon, actor: Actor) -> Response:
    """Let corrections go on."""
    await decisions.resume(service, by=actor)
    return nothing()
