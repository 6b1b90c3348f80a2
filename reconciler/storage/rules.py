"""How often the rules were written: what was decided by them before is then decided anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select, update

from reconciler.storage.rows import Rows
from reconciler.storage.tables.declared import RulesRow

_THE_RULES: Final = col(RulesRow.id) == 1


@dataclass(frozen=True, slots=True)
class SqlRules:
    """`stores.Rules` on tables."""

    rows: Rows

    def version(self) -> int:
        """Return a number that rises with every write of a policy or an uploaded template."""
        return self.rows.scalar(select(RulesRow.version).where(_THE_RULES)) or 0


def raise_version(rows: Rows) -> None:
    """Say that a rule was written, in the transaction that writes it."""
    risen = update(RulesRow).where(_THE_RULES).values(version=col(RulesRow.version) + 1)
    if rows.change(risen) == 0:
        rows.add(RulesRow, [{"id": 1, "version": 1}])
