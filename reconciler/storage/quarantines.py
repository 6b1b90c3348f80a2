"""Quarantines: those that are open, and those there were."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlmodel import col, select

from reconciler.domain.edges import Edge
from reconciler.domain.model import StackName
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import Page, RemediationId
from reconciler.domain.scripts import ScriptIsolation
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, Values
from reconciler.storage.tables.quarantines import QuarantineRow

LISTING: Final = Listing(
    "quarantines", (col(QuarantineRow.since), col(QuarantineRow.id)), (datetime, str)
)
_OPEN: Final = col(QuarantineRow.state).in_(
    [state.value for state in QuarantineState if state is not QuarantineState.RELEASED]
)


@dataclass(frozen=True, slots=True)
class SqlQuarantines:
    """`stores.Quarantines` on tables."""

    rows: Rows

    def get(self, quarantine_id: RemediationId) -> Quarantine | None:
        """Return the quarantine of that id."""
        wanted = select(QuarantineRow).where(col(QuarantineRow.id) == quarantine_id)
        return self.rows.first(wanted, _quarantine)

    def put(self, quarantine: Quarantine) -> None:
        """Write a quarantine."""
        self.rows.put(QuarantineRow, [_values(quarantine)])

    def unreleased(self, stack: StackName | None = None) -> tuple[Quarantine, ...]:
        """Return those that are not released, of one stack or of all, oldest first."""
        wanted = select(QuarantineRow).where(_OPEN)
        if stack is not None:
            wanted = wanted.where(col(QuarantineRow.stack) == stack)
        order = (col(QuarantineRow.since), col(QuarantineRow.id))
        return self.rows.every(wanted.order_by(*order), _quarantine)

    def page(
        self, *, open_only: bool = False, cursor: str | None = None, limit: int = 100
    ) -> Page[Quarantine]:
        """Return quarantines, newest first."""
        wanted = select(QuarantineRow)
        if open_only:
            wanted = wanted.where(_OPEN)
        return LISTING.page(self.rows, wanted, Asked(cursor, limit), value=_quarantine, key=_key)


def _key(row: QuarantineRow) -> Key:
    return row.since, row.id


def _values(quarantine: Quarantine) -> Values:
    return {**asdict(quarantine), "state": quarantine.state.value, "undo": quarantine.undo}


def _quarantine(row: QuarantineRow) -> Quarantine:
    return Quarantine(
        id=RemediationId(row.id),
        stack=StackName(row.stack),
        finding_ids=tuple(row.finding_ids),
        edges=tuple(Edge(**edge) for edge in row.edges),
        undo=row.undo,
        state=QuarantineState(row.state),
        since=row.since,
        expires_at=row.expires_at,
        group=row.group,
        release=None if row.release is None else RemediationId(row.release),
        released_by=row.released_by,
        ended_at=row.ended_at,
        reconnected_at=row.reconnected_at,
        note=row.note,
        script=None if row.script is None else ScriptIsolation(**row.script),
    )
