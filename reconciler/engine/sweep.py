"""What nobody was told of: the rows that are due, looked for again and again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reconciler.domain.cadence import is_due, longest_wait
from reconciler.domain.events import RUN_ENDED
from reconciler.domain.records import Run, RunState, StackRecord
from reconciler.domain.remediation_states import OPEN, Event, RemediationState
from reconciler.domain.run_folder import RunFolder
from reconciler.domain.wakeups import ScanStack
from reconciler.engine.due import advance_soon, scan_soon
from reconciler.engine.folders import drop_left_behind, drop_plans, run_folders
from reconciler.engine.holding import release_ended
from reconciler.engine.journal import audit, emit
from reconciler.engine.moves import move
from reconciler.engine.once import end_left_by_programs
from reconciler.engine.quarantine.releasing import release_due
from reconciler.engine.runs import run_body
from reconciler.engine.service import Service
from reconciler.ports import Running
from reconciler.stores import Transaction


async def sweep(service: Service) -> None:
    """Wake everything that is due; end approvals and holds whose time has passed.

    No stack and no open remediation waits for longer than until the next sweep, whatever
    wake-up was lost.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        for known in tx.remediations.expired(at):
            move(tx, known, Event.TIME_RAN_OUT, at=at, note="it was not approved in time")
        release_ended(tx, at=at)
        release_due(tx, at=at)
        for run in tx.runs.started():
            _end_orphan(tx, run, at=at)
        advance_soon(tx, tx.remediations.due(at))
        for name in tx.stacks.due(at):
            tx.wake(ScanStack(name))

    await service.store.transact(work)


async def recover(service: Service) -> None:
    """Take up, at start, what an earlier daemon left: its applies first of all.

    Each is adopted when its process still runs, ended when it left its record, and in doubt
    when it is gone without one; none is begun again. Saved plans that no run needs go, and the
    logs of runs that are over are sealed.
    """
    await clear_folders(service)
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        end_left_by_programs(tx, at=at)
        advance_soon(tx, (remediation.id for remediation in tx.remediations.in_states(OPEN)))
        for stack in tx.stacks.all():
            _wake_sanely(tx, stack, at=at)

    await service.store.transact(work)


async def clear_folders(service: Service) -> None:
    """Remove saved plans that no run needs: those of ended runs, and of planners that died.

    A plan that somebody is making at this moment stays, whichever process makes it.
    """
    drop_left_behind(service.runs)
    started = await service.store.read(lambda view: view.runs.started())
    needed = {run.id for run in started}
    for folder in run_folders(service.runs):
        if folder.name not in needed:
            drop_plans(folder)
            await asyncio.to_thread(_seal, service, folder)


def _wake_sanely(tx: Transaction, stack: StackRecord, *, at: datetime) -> None:
    """Set the stack's timer to when it is due, which is never further away than it can be."""
    due = stack.next_due_at
    if is_due(stack, now=at):
        tx.wake(ScanStack(stack.name))
    elif due is not None and due > at + longest_wait(stack):
        scan_soon(tx, stack.name, at=at)
    else:
        tx.wake(ScanStack(stack.name, due))


def _seal(service: Service, folder: Path) -> None:
    # A run that another program began may go on: its command still writes there.
    if not isinstance(service.runner.state(None, folder), Running):
        service.logs.seal(RunFolder(folder).log)


def _end_orphan(tx: Transaction, run: Run, *, at: datetime) -> None:
    """End a run that no remediation follows: it would keep its stack from being looked at."""
    known = tx.remediations.get(run.remediation_id)
    if known is not None and known.state is RemediationState.APPLYING and known.run_id == run.id:
        return
    over = replace(run, state=RunState.IN_DOUBT, ended_at=at, summary="no remediation follows it")
    tx.runs.put(over)
    audit(tx, "run.in_doubt", run.id, at=at, details={"summary": over.summary})
    emit(tx, RUN_ENDED, run.id, run_body(over), at=at)
