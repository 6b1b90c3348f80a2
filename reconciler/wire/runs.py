"""Runs on the wire, and their logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class Run(Wire):
    """One attempt to change the world; where it ran and as which process stays inside."""

    id: str
    remediation_id: str
    stack: str
    state: Literal["started", "finished", "failed", "in_doubt"]
    plan_digest: str
    started_at: Time
    ended_at: Time | None
    exit_code: int | None
    summary: str | None
    progress: dict[str, str]


@model
class LogLine(Wire):
    """One line of a run's log; `step` is where the resource of `address` stands."""

    text: str
    address: str | None = None
    step: Literal["pending", "creating", "updating", "deleting", "done", "failed"] | None = None


@model
class Log(Wire):
    """A part of a run's log; `next_offset` continues it until `ended`."""

    items: list[LogLine]
    next_offset: int
    ended: bool


def run_of(run: records.Run) -> Run:
    """Return one attempt."""
    return mapping.shown(Run, run)
