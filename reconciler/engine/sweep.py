"""What nobody was told of: the rows that are due, looked for again and again."""

from __future__ import annotations

from reconciler.domain.phases import OPEN, Event
from reconciler.domain.records import RemediationId
from reconciler.engine.decisions import release_hold
from reconciler.engine.folders import drop_left_behind, drop_plans
from reconciler.engine.moves import move
from reconciler.engine.runs import folder_of
from reconciler.engine.service import Service
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
        orphans = (run.remediation_id for run in tx.runs.started())
        return tuple(dict.fromkeys((*tx.remediations.due(at), *held, *orphans)))

    for remediation_id in await service.store.transact(work):
        service.dispatcher.advance_soon(remediation_id)


async def recover(service: Service) -> None:
    """Take up, at start, what an earlier daemon left: its applies first of all.

    Each is adopted when its process still runs, ended when it left its record, and in doubt
    when it is gone without one; none is begun again. Saved plans that no run needs go.
    """
    drop_left_behind(service.runs)
    open_ones, started = await service.store.read(
        lambda view: (view.remediations.in_phases(OPEN), view.runs.started())
    )
    needed = {run.id for run in started}
    for folder in service.runs.iterdir():
        if folder.name not in needed:
            drop_plans(folder)
    for run in started:
        if not folder_of(service, run).exists():
            continue
        service.dispatcher.advance_soon(run.remediation_id)
    for remediation in open_ones:
        service.dispatcher.advance_soon(remediation.id)
