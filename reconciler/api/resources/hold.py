"""`/hold`: what is on hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, answered, nothing
from reconciler.api.queries import HoldQuery
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.engine import holding
from reconciler.wire.holds import HoldBody, hold_of


async def read_hold(service: Daemon) -> Response:
    """Say what is on hold, by whom and why."""
    return answered(hold_of(await service.store.read(lambda view: view.holds.all())))


async def pull(service: Daemon, actor: Actor, body: HoldBody | None = None) -> Response:
    """Let nothing begin to change what it is about, until it is released or its time has come."""
    wanted = body or HoldBody()
    await holding.hold(
        service,
        by=actor,
        reason=wanted.reason,
        until=wanted.until,
        stack=_stack(wanted.stack),
        address=_address(wanted.address),
    )
    return await read_hold(service)


async def release(service: Daemon, actor: Actor, query: Annotated[HoldQuery, Query()]) -> Response:
    """Let corrections of everything go on, or with `stack` and `address` those of that scope."""
    await holding.resume(
        service, by=actor, stack=_stack(query.stack), address=_address(query.address)
    )
    return nothing()


def _stack(name: str | None) -> StackName | None:
    return None if name is None else StackName(name)


def _address(address: str | None) -> ResourceAddress | None:
    return None if address is None else ResourceAddress(address)
