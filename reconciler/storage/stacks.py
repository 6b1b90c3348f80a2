"""Registered stacks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlmodel import col, delete, select

from reconciler.domain.model import Counts, StackName
from reconciler.domain.records import Health, StackRecord
from reconciler.storage.rows import Rows, Values
from reconciler.storage.tables.declared import StackRow


@dataclass(frozen=True, slots=True)
class SqlStacks:
    """`stores.Stacks` on tables."""

    rows: Rows

    def get(self, name: StackName) -> StackRecord | None:
        """Return the stack of that name."""
        return self.rows.first(select(StackRow).where(col(StackRow.name) == name), _stack)

    def all(self) -> tuple[StackRecord, ...]:
        """Return every stack, by name."""
        return self.rows.every(select(StackRow).order_by(col(StackRow.name)), _stack)

    def put(self, stack: StackRecord) -> None:
        """Write a stack."""
        self.rows.put(StackRow, [_values(stack)])

    def remove(self, name: StackName) -> bool:
        """Remove a stack; return whether it was there."""
        return self.rows.change(delete(StackRow).where(col(StackRow.name) == name)) > 0


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
        "last_pass_at": stack.last_pass_at,
        "last_pass_ms": stack.last_pass_ms,
        "verified_at": stack.verified_at,
        "error": stack.error,
        "error_since": stack.error_since,
        "next_due_at": stack.next_due_at,
    }


def _stack(row: StackRow) -> StackRecord:
    return StackRecord(
        name=StackName(row.name),
        tool=row.tool,
        directory=row.directory,
        interval=timedelta(seconds=row.interval_s),
        adaptive=row.adaptive,
        source=row.source,
        definition=row.definition,
        health=Health(row.health),
        counts=Counts(**row.counts) if row.counts else None,
        revision=row.revision,
        obtained_by=row.obtained_by,
        last_pass_at=row.last_pass_at,
        last_pass_ms=row.last_pass_ms,
        verified_at=row.verified_at,
        error=row.error,
        error_since=row.error_since,
        next_due_at=row.next_due_at,
    )
