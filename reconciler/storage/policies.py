"""Remediation policies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlmodel import col, delete, select

from reconciler.domain.model import Kind, Severity
from reconciler.domain.policy import ActionType, Policy, PolicyId, Selection
from reconciler.storage.rows import Rows, Values
from reconciler.storage.rules import raise_version
from reconciler.storage.tables.declared import PolicyRow

_READERS: Final = {"kind": Kind, "min_severity": Severity, "max_severity": Severity}


@dataclass(frozen=True, slots=True)
class SqlPolicies:
    """`stores.Policies` on tables."""

    rows: Rows

    def get(self, policy_id: str) -> Policy | None:
        """Return the policy of that id."""
        return self.rows.first(
            select(PolicyRow).where(col(PolicyRow.policy_id) == policy_id), _policy
        )

    def all(self) -> tuple[Policy, ...]:
        """Return every policy, in the order they are asked."""
        order = (col(PolicyRow.position), col(PolicyRow.name), col(PolicyRow.policy_id))
        return self.rows.every(select(PolicyRow).order_by(*order), _policy)

    def put(self, policy: Policy) -> None:
        """Write a policy."""
        self.rows.put(PolicyRow, [_values(policy)])
        raise_version(self.rows)

    def remove(self, policy_id: str) -> bool:
        """Remove a policy; return whether it was there."""
        wanted = col(PolicyRow.policy_id) == policy_id
        raise_version(self.rows)
        return self.rows.change(delete(PolicyRow).where(wanted)) > 0


def _values(policy: Policy) -> Values:
    return {
        "policy_id": policy.policy_id,
        "name": policy.name,
        "template_id": policy.template_id,
        "drift_threshold": policy.drift_threshold.value,
        "min_score": policy.min_score,
        "action_type": policy.action_type.value,
        "script": policy.script,
        "selection": {key: part for key, part in asdict(policy.selection).items() if part},
        "owner": policy.owner,
        "reason": policy.reason,
        "expires_at": policy.expires_at,
        "source": policy.source,
        "position": policy.position,
        "version": policy.version,
    }


def _policy(row: PolicyRow) -> Policy:
    return Policy(
        policy_id=PolicyId(row.policy_id),
        name=row.name,
        action_type=ActionType(row.action_type),
        selection=_selection(row.selection),
        drift_threshold=Severity(row.drift_threshold),
        min_score=row.min_score,
        template_id=row.template_id,
        script=row.script,
        owner=row.owner,
        reason=row.reason,
        expires_at=row.expires_at,
        source=row.source,
        position=row.position,
        version=row.version,
    )


def _selection(parts: dict[str, Any]) -> Selection:
    read: dict[str, Any] = {
        key: _READERS[key](part) if key in _READERS else part for key, part in parts.items()
    }
    return Selection(**read)
