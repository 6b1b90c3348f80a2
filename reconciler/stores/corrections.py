"""Corrections on their way, their runs, and what holds them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from reconciler.domain.activity import Activity
from reconciler.domain.model import StackName
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import (
    Correction,
    FindingId,
    Hold,
    Page,
    Remediation,
    RemediationId,
    Run,
    RunId,
)
from reconciler.domain.remediation_states import RemediationState


class Remediations(Protocol):
    """Remediations with their approvals."""

    def get(self, remediation_id: RemediationId) -> Remediation | None: ...
    def add(self, remediation: Remediation) -> None: ...
    def save(self, remediation: Remediation) -> Remediation:
        """Write it over the row of the same `version`; return it with the next version.

        Raises:
            ConflictError: somebody else moved it in between (code `moved-on`), or another
                one of its stack is in effect (code `stack-busy`).
        """
        ...

    def open_of(self, stack: StackName) -> tuple[Remediation, ...]: ...
    def open_with(self, finding_id: FindingId) -> Remediation | None: ...
    def in_states(self, states: Iterable[RemediationState]) -> tuple[Remediation, ...]: ...
    def due(self, now: datetime) -> tuple[RemediationId, ...]:
        """Return every open one that can go on by itself now.

        It waits for no person, and its `next_at` has come or is not set. One that a clock ahead
        of `now` has moved is due too: its `next_at` came from that clock.
        """
        ...

    def expired(self, now: datetime) -> tuple[Remediation, ...]:
        """Return those awaiting approval whose time has run out."""
        ...

    def corrected(self, stack: StackName, *, since: datetime) -> tuple[Correction, ...]:
        """Return the corrections that were applied and have converged since, oldest first.

        One that waited for days before it ran counts from its end, as the drift that it ended.
        """
        ...

    def page(
        self,
        *,
        state: RemediationState | None = None,
        stack: str | None = None,
        open_only: bool = False,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Remediation]: ...


class Runs(Protocol):
    """Attempts to change the world, newest first."""

    def get(self, run_id: RunId) -> Run | None: ...
    def put(self, run: Run) -> None: ...
    def started(self) -> tuple[Run, ...]:
        """Return those whose end is not known."""
        ...

    def page(
        self,
        *,
        stack: str | None = None,
        remediation_id: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Run]: ...


class PastRuns(Protocol):
    """What guards ask of the past."""

    def around(self, remediation: Remediation, *, at: datetime) -> Activity:
        """Return what was done in its stack, by its policy and in all stacks up to `at`."""
        ...

    def failed_since(self, since: datetime) -> int:
        """Return how many remediations had a run that ended since, and failed or did not help."""
        ...

    def begun_since(self, since: datetime) -> int:
        """Return of how many remediations a run began since."""
        ...


class Holds(Protocol):
    """What is on hold: at most one per scope, and the breaker."""

    def get(self) -> Hold | None:
        """Return the hold on everything that a person set."""
        ...

    def all(self) -> tuple[Hold, ...]:
        """Return every hold, the widest first."""
        ...

    def put(self, hold: Hold) -> None:
        """Write a hold over the one of the same scope."""
        ...

    def remove(self, hold: Hold) -> None: ...


class Quarantines(Protocol):
    """What is isolated, by the remediation that isolates it."""

    def get(self, quarantine_id: RemediationId) -> Quarantine | None: ...
    def put(self, quarantine: Quarantine) -> None: ...
    def unreleased(self, stack: StackName | None = None) -> tuple[Quarantine, ...]:
        """Return those that are not released, of one stack or of all, oldest first."""
        ...

    def page(
        self, *, open_only: bool = False, cursor: str | None = None, limit: int = 100
    ) -> Page[Quarantine]:
        """Return quarantines, newest first."""
        ...
