"""What nobody was told of: the rows that are due, looked for again and again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reconciler.domain.phases import OPEN, Event, Phase
from reconciler.domain.records import RemediationId, Run, RunState
from reconciler.engine.decisions import release_hold
from reconciler.engine.folders import drop_left_behind, drop_plans
from reconciler.engine.journal import audit, emit
from reconciler.engine.moves import move
from reconciler.engine.runs import run_body
from reconciler.engine.service import Service
from reconciler.ports import Running
from reconciler.stores import Transaction


async def sweep(service: Service) -> None:
    """Have everything that is due looked at; end approvals and holds whose time has passed.

    No open remediation stays idle for longer than it wants to, whatever hint was lost.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> tuple[RemediationId, ...]:
        for known in tx.remediations.expired(at):
            move(tx, known, Event.TIME_RAN_OUT, at=at, note="nobody decided in time")
        held = release_hold(tx, at=at, only_ended=True)
        for run in tx.runs.started():
            _end_orphan(tx, run, at=at)
        return tuple(dict.fromkeys((*tx.remediations.due(at), *held)))

    for remediation_id in await service.store.transact(work):
        service.dispatcher.advance_soon(remediation_id)


async def recover(service: Service) -> None:
    """Take up, at start, what an earlier daemon left: its applies first of all.

    Each is adopted when its process still runs, ended when it left its record, and in doubt
    when it is gone without one; none is begun again. Saved plans that no run needs go, and the
    logs of runs that are over are sealed.
    """
    drop_left_behind(service.runs)
    open_ones, started = await service.store.read(
        lambda view: (view.remediations.in_phases(OPEN), view.runs.started())
    )
    needed = {run.id for run in started}
    for folder in service.runs.iterdir():
        if folder.name not in needed:
            drop_plans(folder)
            await asyncio.to_thread(_seal, service, folder)
    for remediation in open_ones:
        service.dispatcher.advance_soon(remediation.id)


def _seal(service: Service, folder: Path) -> None:
    # A run that another program began may go on: its command still writes there.
    if not isinstance(service.runner.state(None, folder), Running):
        service.logs.seal(folder / "log")


def _end_orphan(tx: Transaction, run: Run, *, at: datetime) -> None:
    """End a run that no remediation follows: it would keep its stack from being looked at."""
    known = tx.remediations.get(run.remediation_id)
    if known is not None and known.phase is Phase.APPLYING and known.run_id == run.id:
        return
    over = replace(run, state=RunState.IN_DOUBT, ended_at=at, summary="no remediation follows it")
    tx.runs.put(over)
    audit(tx, "run.in_doubt", run.id, at=at, details={"summary": over.summary})
    emit(tx, "run.ended", run.id, at=at, body=run_body(over))
