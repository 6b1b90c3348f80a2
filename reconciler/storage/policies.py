"""Remediation policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.policy import Policy
from reconciler.storage.rows import Rows
from reconciler.storage.rules import raise_version
from reconciler.storage.tables.declared import POLICIES

_FIELDS: Final = POLICIES.table.c
_POLICIES: Final = SelectOfScalar[Row[Any]](*_FIELDS)


@dataclass(frozen=True, slots=True)
class SqlPolicies:
    """`stores.Policies` on tables."""

    rows: Rows

    def get(self, policy_id: str) -> Policy | None:
        """Return the policy of that id."""
        wanted = _POLICIES.where(_FIELDS.policy_id == policy_id)
        return self.rows.first(wanted, POLICIES.value_of)

    def all(self) -> tuple[Policy, ...]:
        """Return every policy, in the order they are asked."""
        order = (_FIELDS.position, _FIELDS.name, _FIELDS.policy_id)
        return self.rows.every(_POLICIES.order_by(*order), POLICIES.value_of)

    def put(self, policy: Policy) -> None:
        """Write a policy."""
        self.rows.put(POLICIES.table, [POLICIES.row_of(policy)])
        raise_version(self.rows)

    def remove(self, policy_id: str) -> bool:
        """Remove a policy; return whether it was there."""
        raise_version(self.rows)
        return self.rows.change(delete(POLICIES.table).where(_FIELDS.policy_id == policy_id)) > 0
