"""`/runs`: attempts to change the world, and their logs."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Daemon, Id, answered
from reconciler.api.queries import LogQuery, RunsQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import Run, RunId, RunState, StackRecord
from reconciler.domain.run_folder import RunFolder
from reconciler.engine.run_log import read_progress
from reconciler.engine.runs import folder_of
from reconciler.stores import Transaction
from reconciler.wire.pages import page_object
from reconciler.wire.runs import Log, LogLine, run_of


async def list_runs(service: Daemon, query: Annotated[RunsQuery, Query()]) -> Response:
    """List runs, newest first."""
    page = await service.store.read(
        lambda view: view.runs.page(
            stack=query.stack,
            remediation_id=query.remediation_id,
            cursor=query.cursor,
            limit=query.limit,
        )
    )
    return answered(page_object(page, run_of))


async def read_run(service: Daemon, run_id: Id) -> Response:
    """Read one run."""
    return answered(run_of(await service.store.read(lambda view: _run(view, run_id))))


async def read_log(service: Daemon, run_id: Id, query: Annotated[LogQuery, Query()]) -> Response:
    """Read a run's log from a byte on, as people read it; no value of an attribute is in it."""

    def run_and_stack(view: Transaction) -> tuple[Run, StackRecord]:
        run = _run(view, run_id)
        stack = view.stacks.get(run.stack)
        if stack is None:
            raise NotFoundError(f"the stack {run.stack} of run {run_id} is not registered any more")
        return run, stack

    # Whether it has ended is asked before its log is read: the end is then in what is read.
    run, stack = await service.store.read(run_and_stack)
    lines, next_offset = await asyncio.to_thread(
        read_progress,
        RunFolder(folder_of(service, run)).log,
        query.offset,
        service.adapter_of(stack),
        read=service.logs.read,
        stack=run.stack,
    )
    ended = run.state is not RunState.STARTED and next_offset == query.offset
    items = [
        LogLine(text=line.text, address=line.address, step=line.step.value if line.step else None)
        for line in lines
    ]
    return answered(Log(items=items, next_offset=next_offset, ended=ended))


def _run(view: Transaction, run_id: str) -> Run:
    run = view.runs.get(RunId(run_id))
    if run is None:
        raise NotFoundError(f"there is no run {run_id}")
    return run
