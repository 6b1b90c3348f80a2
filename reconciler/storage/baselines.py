"""Baselines of stacks, and the moves of them that people made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, select, update

from reconciler.domain.kept_baseline import Acceptance, BaselineKey, Baselines, KeptBaseline
from reconciler.domain.model import StackName
from reconciler.storage.packed_baselines import (
    PackedBaselines,
    baseline_of,
    moves_object,
    packed_baseline,
    packed_values,
    unpacked_baseline,
)
from reconciler.storage.rows import Rows, Values, chunks
from reconciler.storage.tables.baselines import AcceptanceRow, BaselineRow


@dataclass(frozen=True, slots=True)
class SqlBaselines:
    """`stores.KeptBaselines` on tables."""

    rows: Rows

    def get(self, stack: StackName, key: BaselineKey) -> KeptBaseline | None:
        """Return the baseline of one object."""
        wanted = (BaselineRow.stack == stack, BaselineRow.key == key)
        return self.rows.first(select(BaselineRow).where(*wanted), baseline_of)

    def of_stack(self, stack: StackName) -> Baselines:
        """Return the baselines of one stack; each is unpacked when it is asked for."""
        found = self.rows.all(select(BaselineRow).where(BaselineRow.stack == stack))
        return PackedBaselines({row.key: row for row in found})

    def put_many(self, stack: StackName, baselines: Iterable[KeptBaseline]) -> None:
        """Write each over the one of the same key."""
        self.rows.put(BaselineRow, [_values(stack, kept) for kept in baselines])

    def remove_many(self, stack: StackName, keys: Iterable[BaselineKey]) -> int:
        """Remove those of `keys`; return how many there were."""
        return sum(
            self.rows.change(
                delete(BaselineRow).where(
                    col(BaselineRow.stack) == stack, col(BaselineRow.key).in_(some)
                )
            )
            for some in chunks(keys)
        )

    def remove_stack(self, stack: StackName) -> int:
        """Remove all of one stack; return how many there were."""
        self.rows.change(delete(AcceptanceRow).where(col(AcceptanceRow.stack) == stack))
        return self.rows.change(delete(BaselineRow).where(col(BaselineRow.stack) == stack))

    def note(self, acceptance: Acceptance) -> None:
        """Keep what a person accepted."""
        self.rows.add(AcceptanceRow, [_noted(acceptance)])

    def acceptances(self, finding_id: str) -> tuple[Acceptance, ...]:
        """Return what was accepted of a finding, newest first."""
        order = (col(AcceptanceRow.accepted_at).desc(), col(AcceptanceRow.id).desc())
        wanted = select(AcceptanceRow).where(AcceptanceRow.finding_id == finding_id)
        return self.rows.every(wanted.order_by(*order), _acceptance)

    def acceptances_of(self, stack: StackName, key: BaselineKey) -> tuple[Acceptance, ...]:
        """Return what was accepted of an object, newest first."""
        order = (col(AcceptanceRow.accepted_at).desc(), col(AcceptanceRow.id).desc())
        wanted = select(AcceptanceRow).where(AcceptanceRow.stack == stack, AcceptanceRow.key == key)
        return self.rows.every(wanted.order_by(*order), _acceptance)

    def undone(self, acceptance_id: str, *, by: str, at: datetime) -> None:
        """Note that it was taken back."""
        self.rows.change(
            update(AcceptanceRow)
            .where(col(AcceptanceRow.id) == acceptance_id)
            .values(undone_by=by, undone_at=at)
        )


def _values(stack: StackName, kept: KeptBaseline) -> Values:
    return {
        "stack": stack,
        "key": kept.key,
        "identity": kept.identity,
        "mark": kept.mark,
        "content": packed_values(kept.values),
        "kept_at": kept.kept_at,
        "configured": kept.configured,
        "accepted_by": kept.accepted_by,
        "reason": kept.reason,
        "moves": moves_object(kept.moves),
    }


def _noted(acceptance: Acceptance) -> Values:
    before = acceptance.before
    return {
        "id": acceptance.id,
        "stack": acceptance.stack,
        "key": acceptance.after.key,
        "finding_id": acceptance.finding_id,
        "fingerprint": acceptance.fingerprint,
        "before": packed_baseline(before) if before is not None else None,
        "after": packed_baseline(acceptance.after),
        "accepted_by": acceptance.accepted_by,
        "reason": acceptance.reason,
        "accepted_at": acceptance.accepted_at,
        "undone_by": acceptance.undone_by,
        "undone_at": acceptance.undone_at,
    }


def _acceptance(row: Any) -> Acceptance:
    return Acceptance(
        id=row.id,
        stack=row.stack,
        finding_id=row.finding_id,
        before=unpacked_baseline(row.before) if row.before is not None else None,
        after=unpacked_baseline(row.after),
        fingerprint=row.fingerprint,
        accepted_by=row.accepted_by,
        reason=row.reason,
        accepted_at=row.accepted_at,
        undone_by=row.undone_by,
        undone_at=row.undone_at,
    )
