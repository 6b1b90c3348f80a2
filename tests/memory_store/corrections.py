"""Remediations, runs, holds and quarantines in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.domain.cadence import CLOCK_SKEW
from reconciler.domain.errors import ConflictError, NotFoundError
from reconciler.domain.model import StackName
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import (
    Correction,
    FindingId,
    Hold,
    Page,
    Remediation,
    RemediationId,
    Run,
    RunId,
    RunState,
)
from reconciler.domain.remediation_states import FOR_PERSON, IN_EFFECT, OPEN, RemediationState
from reconciler.storage import quarantines, remediations, runs
from tests.memory_store.rows import Table, kept, page_of


@dataclass(slots=True)
class Remediations:
    """`stores.Remediations` in memory."""

    table: Table[RemediationId, Remediation]

    def get(self, remediation_id: RemediationId) -> Remediation | None:
        return self.table.get(remediation_id)

    def add(self, added: Remediation) -> None:
        if self.get(added.id) is not None:
            raise ConflictError(f"remediation {added.id} is there already", code="exists")
        self._put(added)

    def save(self, changed: Remediation) -> Remediation:
        before = self.get(changed.id)
        if before is None:
            raise NotFoundError(f"there is no remediation {changed.id}")
        self._refuse_conflicts(changed)
        if before.version != changed.version:
            raise ConflictError(f"remediation {changed.id} is {before.state}", code="moved-on")
        saved = replace(changed, version=changed.version + 1)
        self._put(saved)
        return saved

    def open_of(self, stack: StackName) -> tuple[Remediation, ...]:
        return self.table.where(lambda one: one.stack == stack and one.state in OPEN, _age)

    def open_with(self, finding_id: FindingId) -> Remediation | None:
        for one in self.table.rows.values():
            if one.state in OPEN and finding_id in one.finding_ids:
                return one
        return None

    def in_states(self, states: Iterable[RemediationState]) -> tuple[Remediation, ...]:
        wanted = frozenset(states)
        return self.table.where(lambda one: one.state in wanted, _age)

    def due(self, now: datetime) -> tuple[RemediationId, ...]:
        found = self.table.where(
            lambda one: (
                one.state in OPEN
                and one.state not in FOR_PERSON
                and (one.next_at is None or one.next_at <= now or one.updated_at > now + CLOCK_SKEW)
            ),
            _age,
        )
        return tuple(one.id for one in found)

    def expired(self, now: datetime) -> tuple[Remediation, ...]:
        waiting = self.in_states([RemediationState.AWAITING_APPROVAL])
        return tuple(one for one in waiting if one.expires_at and one.expires_at <= now)

    def corrected(self, stack: StackName, *, since: datetime) -> tuple[Correction, ...]:
        found = self.table.where(
            lambda one: (
                one.stack == stack
                and one.updated_at >= since
                and one.state is RemediationState.CONVERGED
                and one.run_id is not None
                and not one.action_type.is_about_edges
            ),
            lambda one: (one.updated_at, one.id),
        )
        return tuple(Correction(one.id, one.addresses, one.updated_at) for one in found)

    def page(
        self,
        *,
        state: RemediationState | None = None,
        stack: str | None = None,
        open_only: bool = False,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Remediation]:
        found = (
            one
            for one in self.table.rows.values()
            if state in (None, one.state)
            and stack in (None, one.stack)
            and (one.state in OPEN or not open_only)
        )
        return page_of(remediations.LISTING, found, _age, cursor, limit)

    def _put(self, wanted: Remediation) -> None:
        self._refuse_conflicts(wanted)
        self.table.put(wanted.id, kept(wanted))

    def _refuse_conflicts(self, wanted: Remediation) -> None:
        others = [one for one in self.table.rows.values() if one.id != wanted.id]
        same_stack = (one for one in others if one.stack == wanted.stack)
        if wanted.state in IN_EFFECT and any(one.state in IN_EFFECT for one in same_stack):
            raise ConflictError(f"stack {wanted.stack} is busy", code="stack-busy")
        if wanted.state not in OPEN:
            return
        for one in others:
            if one.state in OPEN and not set(one.finding_ids).isdisjoint(wanted.finding_ids):
                raise ConflictError(f"a finding is in {one.id} already", code="finding-taken")


@dataclass(slots=True)
class Runs:
    """`stores.Runs` in memory."""

    table: Table[RunId, Run]

    def get(self, run_id: RunId) -> Run | None:
        return self.table.get(run_id)

    def put(self, run: Run) -> None:
        self.table.put(run.id, kept(run))

    def started(self) -> tuple[Run, ...]:
        return self.table.where(lambda run: run.state is RunState.STARTED, _start)

    def page(
        self,
        *,
        stack: str | None = None,
        remediation_id: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Run]:
        found = (
            run
            for run in self.table.rows.values()
            if stack in (None, run.stack) and remediation_id in (None, run.remediation_id)
        )
        return page_of(runs.LISTING, found, _start, cursor, limit)


@dataclass(slots=True)
class Holds:
    """`stores.Holds` in memory."""

    table: Table[tuple[str, bool], Hold]

    def get(self) -> Hold | None:
        return self.table.get(("", False))

    def all(self) -> tuple[Hold, ...]:
        return self.table.where(lambda _: True, lambda hold: (hold.scope, hold.unasked))

    def put(self, hold: Hold) -> None:
        self.table.put((hold.scope, hold.unasked), kept(hold))

    def remove(self, hold: Hold) -> None:
        self.table.remove((hold.scope, hold.unasked))


@dataclass(slots=True)
class Quarantines:
    """`stores.Quarantines` in memory."""

    table: Table[RemediationId, Quarantine]

    def get(self, quarantine_id: RemediationId) -> Quarantine | None:
        return self.table.get(quarantine_id)

    def put(self, quarantine: Quarantine) -> None:
        self.table.put(quarantine.id, kept(quarantine))

    def unreleased(self, stack: StackName | None = None) -> tuple[Quarantine, ...]:
        return self.table.where(
            lambda one: one.state is not QuarantineState.RELEASED and stack in (None, one.stack),
            _since,
        )

    def page(
        self, *, open_only: bool = False, cursor: str | None = None, limit: int = 100
    ) -> Page[Quarantine]:
        found = self.unreleased() if open_only else self.table.rows.values()
        return page_of(quarantines.LISTING, found, _since, cursor, limit)


def _age(remediation: Remediation) -> tuple[datetime, str]:
    return remediation.created_at, remediation.id


def _start(run: Run) -> tuple[datetime, str]:
    return run.started_at, run.id


def _since(quarantine: Quarantine) -> tuple[datetime, str]:
    return quarantine.since, quarantine.id
