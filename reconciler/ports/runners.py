"""Who runs a job, and what guards it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from reconciler.domain.scripts import PlannedScript
from reconciler.domain.values import Json
from reconciler.ports.runs import Exited, RunnerJob, RunnerProcess, RunnerState, Vanished
from reconciler.ports.stacks import StackReference


class ApplyLocks(Protocol):
    """Who may apply: one at a time per stack, over all data directories of a user on a host."""

    def acquire(self, reference: StackReference) -> int:
        """Take the lock of the stack; return a file descriptor that holds it until closed.

        Whoever inherits the descriptor holds the lock too. Nobody is waited for.

        Raises:
            RetryableError: somebody has it.
            PermanentError: the lock cannot be made.
        """
        ...


class Runner(Protocol):
    """Runs one job per folder in a process that outlives the daemon."""

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        """Start `job`; its output goes to `folder/log`, its end to `folder/exit.json`.

        Returns once the runner exists. It ignores our signals and our death. It and the
        command keep the file descriptor `holding` open to their end.
        """
        ...

    def state(self, process: RunnerProcess | None, folder: Path) -> RunnerState:
        """Return what is known of it, from its record and from the process table.

        Without `process` it is looked for by its folder, which is right only for a runner
        that an earlier daemon may have started.
        """
        ...

    async def wait(self, process: RunnerProcess, folder: Path) -> Exited | Vanished:
        """Return when it has ended, also one that an earlier daemon started."""
        ...

    def interrupt(self, process: RunnerProcess) -> bool:
        """Ask it once to stop; a second call does nothing, since a second signal loses data."""
        ...


class Scripts(Protocol):
    """The scripts that the settings allow, as they lie on the daemon's host."""

    @property
    def names(self) -> frozenset[str]:
        """Which there are; empty where scripts are off."""
        ...

    def save(
        self, name: str, given: Json, *, folder: Path, environment: Mapping[str, str]
    ) -> tuple[PlannedScript, RunnerJob]:
        """Keep a copy of the script in `folder`; return the run and the command that does it.

        The copy is of exactly the content that its rule allows, and goes when the run ends.
        `given` becomes the standard input; of the daemon's variables, and of `environment` over
        them, it gets what its rule names.

        Raises:
            PermanentError: no rule allows it, or its file is missing, unsafe or another one.
        """
        ...


class RunLogs(Protocol):
    """The raw logs of runs, which may hold secrets; `log` is `FOLDER/log` of a run's folder."""

    def read(self, log: Path, offset: int, most_bytes: int) -> bytes:
        """Return what stands in `log` from `offset` on, sealed or not; nothing before it is."""
        ...

    def seal(self, log: Path) -> None:
        """Encrypt the log of a run that is over; one that is sealed or not there is left alone."""
        ...
