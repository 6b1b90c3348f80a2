"""What a run is given, what it leaves behind, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from reconciler.domain.model import ResourceAddress


@dataclass(frozen=True, slots=True)
class RunnerJob:
    """One command for the runner. `environment` is all the command gets, and never stored."""

    argv: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunnerProcess:
    """Which process a runner is: an id alone may mean another one after a while."""

    pid: int
    started_at_s: float
    boot_id: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The runner left its record: the command ended by itself with `exit_code`."""

    exit_code: int
    ended_at: datetime
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """It is at work."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """It is gone and left no record: nobody knows how far it came."""


@dataclass(frozen=True, slots=True)
class NeverBegun:
    """Its folder was made, and no runner took a job there: nothing was run, nor will be."""


RunnerState: TypeAlias = Exited | Running | Vanished | NeverBegun


@dataclass(frozen=True, slots=True)
class Done:
    """The tool says it did all it set out to do."""

    summary: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended with an error and a state that is whole; `reason` holds no secret."""

    reason: str
    stale: bool = False
    """The plan no longer fitted the state, so nothing at all was done."""
    read_first: bool = False
    """What it did counts and not how it ended: the next step is a fresh read."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody can tell what happened; only a new observation can."""

    reason: str
    for_person: bool = False
    """It left what no read resolves, such as a state to be put back; `reason` says how."""


Outcome: TypeAlias = Done | Failed | InDoubt


class Step(StrEnum):
    """Where one resource of a running apply stands."""

    PENDING = "pending"
    CREATING = "creating"
    UPDATING = "updating"
    DELETING = "deleting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of a run's log as a person reads it; `address` and `step` when it is about one."""

    text: str
    address: ResourceAddress | None = None
    step: Step | None = None
