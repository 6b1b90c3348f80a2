"""Registered stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.cadence import CLOCK_SKEW, NOT_SCANNED
from reconciler.domain.model import Counts, ProviderDoubt, StackName
from reconciler.domain.records import Health, StackRecord
from reconciler.storage.rows import Rows, Values, table_of
from reconciler.storage.tables.declared import StackRow

_FIELDS: Final = table_of(StackRow).c
_COLUMNS: Final = {"interval": "interval_s"}
_STACKS: Final = SelectOfScalar[Row[Any]](
    *(_FIELDS[_COLUMNS.get(field.name, field.name)] for field in fields(StackRecord))
)
_HEALTHS: Final = {health.value: health for health in Health}


@dataclass(frozen=True, slots=True)
class SqlStacks:
    """`stores.Stacks` on tables."""

    rows: Rows

    def get(self, name: StackName) -> StackRecord | None:
        """Return the stack of that name."""
        return self.rows.first(_STACKS.where(_FIELDS.name == name), _stack)

    def all(self) -> tuple[StackRecord, ...]:
        """Return every stack, by name."""
        return self.rows.every(_STACKS.order_by(_FIELDS.name), _stack)

    def put(self, stack: StackRecord) -> None:
        """Write a stack."""
        self.rows.put(StackRow, [_values(stack)])

    def remove(self, name: StackName) -> bool:
        """Remove a stack; return whether it was there."""
        return self.rows.change(delete(StackRow).where(_FIELDS.name == name)) > 0

    def due(self, now: datetime) -> tuple[StackName, ...]:
        """Return the stacks that are to be scanned now, the longest overdue first."""
        due_at = col(StackRow.next_due_at)
        ahead = col(StackRow.last_scan_at) > now + CLOCK_SKEW
        watched = col(StackRow.source) != NOT_SCANNED
        statement = select(StackRow.name).where(
            watched, or_(due_at.is_(None), due_at <= now, ahead)
        )
        return tuple(map(StackName, self.rows.scalars(statement.order_by(due_at, StackRow.name))))


def _values(stack: StackRecord) -> Values:
    return {
        "name": stack.name,
        "tool": stack.tool,
        "directory": stack.directory,
        "interval_s": stack.interval.total_seconds(),
        "adaptive": stack.adaptive,
        "source": stack.source,
        "definition": stack.definition,
        "health": stack.health.value,
        "counts": stack.counts and asdict(stack.counts),
        "revision": stack.revision,
        "obtained_by": stack.obtained_by,
        "last_scan_at": stack.last_scan_at,
        "last_scan_ms": stack.last_scan_ms,
        "verified_at": stack.verified_at,
        "error": stack.error,
        "error_since": stack.error_since,
        "next_due_at": stack.next_due_at,
        "provider_doubts": [asdict(doubt) for doubt in stack.provider_doubts] or None,
        "lineage": stack.lineage,
        "serial": stack.serial,
        "drifted_at": stack.drifted_at,
        "registered_at": stack.registered_at,
    }


def _stack(row: Sequence[Any]) -> StackRecord:
    """Return the stack of a row of `_STACKS`, whose columns are in the order of the fields."""
    (name, tool, directory, interval_s, adaptive, source, definition, health, counts, *rest) = row
    rest[-5] = tuple(ProviderDoubt(**doubt) for doubt in rest[-5] or ())
    return StackRecord(
        name,
        tool,
        directory,
        timedelta(seconds=interval_s),
        adaptive,
        source,
        definition,
        _HEALTHS[health],
        Counts(**counts) if counts else None,
        *rest,
    )
