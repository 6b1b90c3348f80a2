"""`/stacks`: what is watched, and how fresh our knowledge of it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, StackPath, Tallies, answered, nothing, page_of
from reconciler.api.filters import read_filter
from reconciler.api.open_counts import Counted, OpenCounts
from reconciler.api.queries import FindingsQuery, ListQuery
from reconciler.domain.errors import InvalidError, NotFoundError
from reconciler.domain.model import StackName
from reconciler.domain.records import FindingFilter, StackRecord
from reconciler.durations import read_duration
from reconciler.engine import stacks
from reconciler.engine.due import request_scan
from reconciler.engine.planning import plan_stack
from reconciler.engine.service import Service
from reconciler.engine.stacks import StackDraft
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.findings import finding_record_json
from reconciler.wire.pages import page_object
from reconciler.wire.stacks import Queued, Stack, StackBody, stack_of


async def list_stacks(
    service: Daemon, counts: Tallies, query: Annotated[ListQuery, Query()]
) -> Response:
    """List the watched stacks by name."""
    found, tally = await service.store.read(lambda view: (view.stacks.all(), counts.of(view)))
    page = page_of(found, query, key=lambda stack: stack.name)
    return answered(
        page_object(
            page,
            lambda stack: _counted(service, stack, tally),
        )
    )


async def register_stack(
    service: Daemon, counts: Tallies, actor: Actor, body: StackBody
) -> Response:
    """Watch another stack."""
    made = await stacks.register(service, _draft(body), actor=actor)
    shown = await _shown(service, counts, made.name)
    return answered(shown, status=201, headers={"Location": f"/api/v1/stacks/{made.name}"})


async def read_stack(service: Daemon, counts: Tallies, name: StackPath) -> Response:
    """Read one stack."""
    return answered(await _shown(service, counts, name))


async def update_stack(
    service: Daemon, counts: Tallies, actor: Actor, name: StackPath, body: StackBody
) -> Response:
    """Replace how a stack is read and how often; one of `trueup.toml` is changed there."""
    if body.name not in (None, name):
        raise InvalidError("a stack keeps its name", remedy="remove it and add another")
    await stacks.update(service, StackName(name), _draft(body), actor=actor)
    return answered(await _shown(service, counts, name))


async def remove_stack(service: Daemon, actor: Actor, name: StackPath) -> Response:
    """Watch it no more; one of `trueup.toml` is removed there."""
    await stacks.remove(service, StackName(name), actor=actor)
    return nothing()


async def scan_stack(service: Daemon, name: StackPath) -> Response:
    """Look at a stack now rather than when it is due."""
    await service.store.read(lambda view: _stack(view, name))
    await request_scan(service, StackName(name))
    return answered(Queued(stack=name), status=202)


async def accept_state(service: Daemon, counts: Tallies, actor: Actor, name: StackPath) -> Response:
    """Say that the state the stack has now is the right one, though it does not follow the last."""
    await stacks.accept_state(service, StackName(name), actor=actor)
    return answered(await _shown(service, counts, name))


async def plan(service: Daemon, name: StackPath) -> Response:
    """Return what correcting every finding of a stack would do; nothing is changed."""
    return answered(await plan_stack(service, StackName(name)))


async def list_stack_findings(
    service: Daemon, name: StackPath, query: Annotated[FindingsQuery, Query()]
) -> Response:
    """List the findings of one stack, most severe first."""
    wanted = read_filter(query.filter)
    narrowed = FindingFilter(
        stack=name,
        state=wanted.state,
        kind=wanted.kind,
        min_severity=wanted.min_severity,
        type=wanted.type,
        address=wanted.address,
        text=wanted.text,
    )
    await service.store.read(lambda view: _stack(view, name))
    page = await service.store.read(
        lambda view: view.findings.page(narrowed, cursor=query.cursor, limit=query.limit)
    )
    return answered(page_object(page, finding_record_json))


async def _shown(service: Service, counts: OpenCounts, name: str) -> Stack:
    stack, tally = await service.store.read(lambda view: (_stack(view, name), counts.of(view)))
    return _counted(service, stack, tally)


def _counted(service: Service, stack: StackRecord, counted: Counted) -> Stack:
    return stack_of(
        stack,
        open_findings=counted.open.get(stack.name, {}),
        suppressed=counted.suppressed.get(stack.name, 0),
        own_approval=service.limits_of(stack.name).own_approval,
    )


def _stack(view: Transaction, name: str) -> StackRecord:
    stack = view.stacks.get(StackName(name))
    if stack is None:
        raise NotFoundError(f"there is no stack {name}")
    return stack


def _draft(body: StackBody) -> StackDraft:
    draft = StackDraft(directory=body.directory)
    return mapping.stated(draft, body, name=body.name or "", interval=read_duration(body.interval))
