"""Attempts to change the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.model import StackName
from reconciler.domain.records import Page, RemediationId, Run, RunId, RunState
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, Values
from reconciler.storage.tables.remediations import RunRow

LISTING: Final = Listing("runs", (col(RunRow.started_at), col(RunRow.id)), (datetime, str))


@dataclass(frozen=True, slots=True)
class SqlRuns:
    """`stores.Runs` on tables."""

    rows: Rows

    def get(self, run_id: RunId) -> Run | None:
        """Return the run of that id."""
        return self.rows.first(select(RunRow).where(col(RunRow.id) == run_id), _run)

    def put(self, run: Run) -> None:
        """Write a run."""
        self.rows.put(RunRow, [_values(run)])

    def started(self) -> tuple[Run, ...]:
        """Return those whose end is not known, oldest first."""
        wanted = col(RunRow.state) == RunState.STARTED.value
        order = (col(RunRow.started_at), col(RunRow.id))
        return self.rows.every(select(RunRow).where(wanted).order_by(*order), _run)

    def page(
        self,
        *,
        stack: str | None = None,
        remediation_id: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Run]:
        """Return runs, newest first."""
        statement = page_statement(stack=stack, remediation_id=remediation_id)
        return LISTING.page(self.rows, statement, Asked(cursor, limit), value=_run, key=_key)


def page_statement(
    *, stack: str | None = None, remediation_id: str | None = None
) -> SelectOfScalar[RunRow]:
    """Return what a list of runs asks, without order and limit."""
    statement = select(RunRow)
    if stack is not None:
        statement = statement.where(col(RunRow.stack) == stack)
    if remediation_id is not None:
        statement = statement.where(col(RunRow.remediation_id) == remediation_id)
    return statement


def _key(row: RunRow) -> Key:
    return row.started_at, row.id


def _values(run: Run) -> Values:
    return {
        "id": run.id,
        "remediation_id": run.remediation_id,
        "stack": run.stack,
        "state": run.state.value,
        "plan_digest": run.plan_digest,
        "folder": run.folder,
        "started_at": run.started_at,
        "argv_digest": run.argv_digest,
        "boot_id": run.boot_id,
        "pid": run.pid,
        "pid_started": run.pid_started,
        "ended_at": run.ended_at,
        "exit_code": run.exit_code,
        "summary": run.summary,
        "progress": run.progress,
        "unasked": run.unasked,
    }


def _run(row: RunRow) -> Run:
    return Run(
        id=RunId(row.id),
        remediation_id=RemediationId(row.remediation_id),
        stack=StackName(row.stack),
        state=RunState(row.state),
        plan_digest=row.plan_digest,
        folder=row.folder,
        started_at=row.started_at,
        argv_digest=row.argv_digest,
        boot_id=row.boot_id,
        pid=row.pid,
        pid_started=row.pid_started,
        ended_at=row.ended_at,
        exit_code=row.exit_code,
        summary=row.summary,
        progress=row.progress,
        unasked=bool(row.unasked),
    )
