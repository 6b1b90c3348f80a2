"""The rows of applies: what is told of them, and which process they are."""

from __future__ import annotations

from pathlib import Path

from reconciler.domain.events import RunMoved, RunProgressed
from reconciler.domain.records import Run
from reconciler.engine.service import Service
from reconciler.ports import RunnerProcess
from reconciler.wire import mapping


def run_body(run: Run) -> RunMoved:
    """Return what the live stream tells of a run."""
    return mapping.shown(RunMoved, run, progress=dict(run.progress))


def progress_body(run: Run, steps: dict[str, str], lines: list[str]) -> RunProgressed:
    """Return what the live stream tells of a run that gets on."""
    return mapping.shown(RunProgressed, run, progress=steps, lines=lines)


def process_of(run: Run) -> RunnerProcess | None:
    """Return the process the run was, if we came to know it."""
    if run.pid is None or run.pid_started is None:
        return None
    return RunnerProcess(pid=run.pid, started_at_s=run.pid_started, boot_id=run.boot_id)


def folder_of(service: Service, run: Run) -> Path:
    """Return where the run left what it left."""
    return service.runs / run.id
