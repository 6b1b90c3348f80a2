"""Remediations: one row each, moved on only by who saw its last version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.cadence import CLOCK_SKEW
from reconciler.domain.errors import ConflictError, NotFoundError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    Correction,
    FindingId,
    Page,
    Remediation,
    RemediationId,
)
from reconciler.domain.remediation_states import FOR_PERSON, IN_EFFECT, OPEN, RemediationState
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.remediation_rows import links, remediation, values
from reconciler.storage.rows import Rows, chunks
from reconciler.storage.tables.remediations import RemediationFindingRow, RemediationRow

_OLDEST_FIRST: Final = (col(RemediationRow.created_at), col(RemediationRow.id))
_ABOUT_EDGES: Final = [action.value for action in ActionType if action.is_about_edges]
LISTING: Final = Listing("remediations", _OLDEST_FIRST, (datetime, str))


@dataclass(frozen=True, slots=True)
class SqlRemediations:
    """`stores.Remediations` on tables."""

    rows: Rows

    def get(self, remediation_id: RemediationId) -> Remediation | None:
        """Return the remediation of that id."""
        return self.rows.first(
            select(RemediationRow).where(col(RemediationRow.id) == remediation_id), remediation
        )

    def add(self, added: Remediation) -> None:
        """Write a new one.

        Raises:
            ConflictError: its id is taken (code `exists`), a finding of it is in another
                open one (code `finding-taken`), or its stack is busy (code `stack-busy`).
        """
        if self.get(added.id) is not None:
            raise ConflictError(f"remediation {added.id} is there already", code="exists")
        self._refuse_conflicts(added)
        self.rows.add(RemediationRow, [values(added)])
        self.rows.add(RemediationFindingRow, links(added))

    def save(self, changed: Remediation) -> Remediation:
        """Write it over the row of the same `version`; return it with the next version.

        Raises:
            NotFoundError: no such id exists.
            ConflictError: somebody else moved it in between (code `moved-on`), another one
                of its stack is in effect (code `stack-busy`), or a finding of it is in
                another open one (code `finding-taken`).
        """
        before = self.get(changed.id)
        if before is None:
            raise NotFoundError(f"there is no remediation {changed.id}")
        self._refuse_conflicts(changed)
        saved = replace(changed, version=changed.version + 1)
        same = (
            col(RemediationRow.id) == changed.id,
            col(RemediationRow.version) == changed.version,
        )
        if self.rows.change(update(RemediationRow).where(*same).values(**values(saved))) == 0:
            raise ConflictError(
                f"remediation {changed.id} is {before.state} by now, and no longer as you saw it",
                code="moved-on",
                remedy="look at it again, then decide",
            )
        if links(before) != links(saved):
            link = col(RemediationFindingRow.remediation_id) == changed.id
            self.rows.change(delete(RemediationFindingRow).where(link))
            self.rows.add(RemediationFindingRow, links(saved))
        return saved

    def open_of(self, stack: StackName) -> tuple[Remediation, ...]:
        """Return the open ones of a stack, oldest first."""
        return self._all(col(RemediationRow.stack) == stack, _is_open())

    def open_with(self, finding_id: FindingId) -> Remediation | None:
        """Return the open one that the finding is in."""
        holder = self._holder(finding_id)
        return None if holder is None else self.get(RemediationId(holder))

    def in_states(self, states: Iterable[RemediationState]) -> tuple[Remediation, ...]:
        """Return those in one of `states`, oldest first."""
        words = sorted(state.value for state in states)
        return self._all(col(RemediationRow.state).in_(words))

    def due(self, now: datetime) -> tuple[RemediationId, ...]:
        """Return every open one that can go on by itself now, oldest first."""
        next_at = col(RemediationRow.next_at)
        ahead = col(RemediationRow.updated_at) > now + CLOCK_SKEW
        by_itself = col(RemediationRow.state).not_in(sorted(state.value for state in FOR_PERSON))
        wanted = (_is_open(), by_itself, or_(next_at.is_(None), next_at <= now, ahead))
        statement = select(RemediationRow.id).where(*wanted).order_by(*_OLDEST_FIRST)
        return tuple(map(RemediationId, self.rows.scalars(statement)))

    def expired(self, now: datetime) -> tuple[Remediation, ...]:
        """Return those awaiting approval whose time has run out."""
        waiting = col(RemediationRow.state) == RemediationState.AWAITING_APPROVAL.value
        return self._all(waiting, col(RemediationRow.expires_at) <= now)

    def corrected(self, stack: StackName, *, since: datetime) -> tuple[Correction, ...]:
        """Return what was applied and has converged since, oldest first."""
        rows = self.rows.tuples(
            select(RemediationRow.id, RemediationRow.addresses, RemediationRow.updated_at)
            .where(
                col(RemediationRow.stack) == stack,
                col(RemediationRow.updated_at) >= since,
                col(RemediationRow.state) == RemediationState.CONVERGED.value,
                col(RemediationRow.run_id).is_not(None),
                col(RemediationRow.action_type).not_in(_ABOUT_EDGES),
            )
            .order_by(col(RemediationRow.updated_at), col(RemediationRow.id))
        )
        return tuple(
            Correction(RemediationId(remediation_id), tuple(map(ResourceAddress, addresses)), at)
            for remediation_id, addresses, at in rows
        )

    def page(
        self,
        *,
        state: RemediationState | None = None,
        stack: str | None = None,
        open_only: bool = False,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Remediation]:
        """Return remediations, newest first."""
        statement = page_statement(state=state, stack=stack, open_only=open_only)
        asked = Asked(cursor, limit)
        return LISTING.page(self.rows, statement, asked, value=remediation, key=_key)

    def _all(self, *wanted: ColumnElement[bool]) -> tuple[Remediation, ...]:
        statement = select(RemediationRow).where(*wanted).order_by(*_OLDEST_FIRST)
        return self.rows.every(statement, remediation)

    def _holder(self, finding_id: str) -> str | None:
        wanted = (
            col(RemediationFindingRow.finding_id) == finding_id,
            col(RemediationFindingRow.open).is_(other=True),
        )
        return self.rows.scalar(select(RemediationFindingRow.remediation_id).where(*wanted))

    def _refuse_conflicts(self, wanted: Remediation) -> None:
        # Asked first, although unique indices hold it too: only so is there a sentence to say.
        if wanted.state in IN_EFFECT:
            self._refuse_busy(wanted)
        if wanted.state in OPEN:
            self._refuse_taken(wanted)

    def _refuse_busy(self, wanted: Remediation) -> None:
        others = (
            col(RemediationRow.stack) == wanted.stack,
            col(RemediationRow.state).in_(sorted(state.value for state in IN_EFFECT)),
            col(RemediationRow.id) != wanted.id,
        )
        other = self.rows.scalar(select(RemediationRow.id).where(*others))
        if other is not None:
            raise ConflictError(
                f"remediation {other} of stack {wanted.stack} is in effect already",
                code="stack-busy",
                remedy="wait until it has ended",
            )

    def _refuse_taken(self, wanted: Remediation) -> None:
        for some in chunks(wanted.finding_ids):
            links_of_others = (
                col(RemediationFindingRow.finding_id).in_(some),
                col(RemediationFindingRow.open).is_(other=True),
                col(RemediationFindingRow.remediation_id) != wanted.id,
            )
            taken = self.rows.one(select(RemediationFindingRow).where(*links_of_others))
            if taken is not None:
                raise ConflictError(
                    f"finding {taken.finding_id} is in remediation {taken.remediation_id} already",
                    code="finding-taken",
                    remedy="decide about that one, or cancel it",
                )


def page_statement(
    *, state: RemediationState | None = None, stack: str | None = None, open_only: bool = False
) -> SelectOfScalar[RemediationRow]:
    """Return what a list of remediations asks, without order and limit."""
    statement = select(RemediationRow)
    if state is not None:
        statement = statement.where(col(RemediationRow.state) == state.value)
    if stack is not None:
        statement = statement.where(col(RemediationRow.stack) == stack)
    if open_only:
        statement = statement.where(_is_open())
    return statement


def _is_open() -> ColumnElement[bool]:
    return col(RemediationRow.open) == True  # noqa: E712


def _key(row: RemediationRow) -> Key:
    return row.created_at, row.id
