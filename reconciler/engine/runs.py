"""The rows of applies: what is told of them, and which process they are."""

from __future__ import annotations

from pathlib import Path

from reconciler.domain.records import Json, Run
from reconciler.engine.service import Service
from reconciler.ports import RunnerProcess


def run_body(run: Run) -> Json:
    """Return what the live stream tells of a run."""
    return {
        "id": run.id,
        "remediation_id": run.remediation_id,
        "stack": run.stack,
        "state": run.state.value,
        "summary": run.summary,
        "exit_code": run.exit_code,
        "progress": dict(run.progress),
    }


def process_of(run: Run) -> RunnerProcess | None:
    """Return the process the run was, if we came to know it."""
    if run.pid is None or run.pid_started is None:
        return None
    return RunnerProcess(pid=run.pid, started_at_s=run.pid_started, boot_id=run.boot_id)


def folder_of(service: Service, run: Run) -> Path:
    """Return where the run left what it left."""
    return service.runs / run.id
