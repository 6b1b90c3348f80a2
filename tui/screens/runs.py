"""Every run the daemon told of: those under way first, then the newest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from reconciler.wire import routes
from reconciler.wire.runs import Run
from tui.ages import age, clock, length
from tui.ink import Line, Span
from tui.lines.run import run_lines
from tui.lines.words import state_span
from tui.screens.lists import ListPage
from tui.store.changes import Changes
from tui.store.languages import RUNS
from tui.widgets.columns import Column


def _progress(run: Run) -> Span:
    done = sum(step == "done" for step in run.progress.values())
    return Span(f"{done}/{len(run.progress)}")


def _took(run: Run) -> Span:
    ended = run.ended_at or datetime.now(UTC)
    return Span(length(int((ended - run.started_at).total_seconds())))


class RunsPage(ListPage):
    """Runs of the tools."""

    language = RUNS
    columns: ClassVar[Sequence[Column[Run]]] = (
        Column("state", "STATE", 12, lambda row: state_span(row.state), rank=9),
        Column("stack", "STACK", 14, lambda row: Span(row.stack), grow=1, rank=8),
        Column("progress", "DONE", 9, _progress, rank=6),
        Column("started", "STARTED", 19, lambda row: Span(clock(row.started_at), "dim"), rank=3),
        Column("age", "AGE", 4, lambda row: Span(age(row.started_at)), rank=5),
        Column("took", "TOOK", 5, _took, rank=4),
        Column(
            "summary", "SUMMARY", 20, lambda row: Span(row.summary or "", "dim"), grow=3, rank=7
        ),
        Column("id", "RUN", 8, lambda row: Span(row.id[:8], "dim"), rank=2),
    )

    def __init__(self) -> None:
        super().__init__()
        self.title = "Runs"

    def rows(self) -> Mapping[str, Run]:
        """Return the runs, those under way first."""
        found = sorted(self.session.store.runs.values(), key=lambda run: run.started_at)
        found.sort(key=lambda run: run.state == "started")
        return {run.id: run for run in reversed(found)}

    def store_changed(self, changes: Changes) -> None:
        """Show how they get on."""
        if changes.runs or changes.everything:
            self.show()

    def detail(self, key: str) -> Iterable[Line]:
        """Return how each resource of a run stands."""
        run = self.session.store.runs.get(key)
        return run_lines(run) if run else ()

    def open_row(self, key: str) -> None:
        """Open the remediation of a run."""
        run = self.session.store.runs.get(key)
        if run is not None:
            self.ours.follow(run.remediation_id)

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the run under the cursor."""
        key = self.table.cursor_key
        if key:
            yield "id", key
            yield "trueup command", f"trueup log {key}"
            yield "curl", self.session.curl(routes.READ_LOG, key)
