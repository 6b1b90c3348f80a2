"""Remediations at their beginning: of drift to act on, or of a part of another one's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import ActionType
from reconciler.domain.records import POLICY, FindingRecord, Remediation, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.due import advance_soon
from reconciler.engine.journal import ENGINE, new_id
from reconciler.engine.moves import tell
from reconciler.stores import Transaction


def new_remediation(
    records: Sequence[FindingRecord],
    action: ActionType,
    *,
    at: datetime,
    policy_id: str | None = None,
    requested_by: str = POLICY,
) -> Remediation:
    """Return a remediation at its beginning; it is written nowhere yet."""
    ordered = sorted(records, key=lambda record: record.address)
    return Remediation(
        id=RemediationId(new_id()),
        stack=ordered[0].stack,
        report_id=ordered[0].report_id,
        finding_ids=tuple(record.id for record in ordered),
        addresses=_addresses(ordered, action),
        fingerprints=tuple(record.fingerprint for record in ordered),
        action_type=action,
        state=RemediationState.DETECTED,
        created_at=at,
        updated_at=at,
        policy_id=policy_id,
        requested_by=requested_by,
    )


def _addresses(records: Iterable[FindingRecord], action: ActionType) -> tuple[ResourceAddress, ...]:
    """Return what it is about, beside each fingerprint; of a quarantine each resource once."""
    addresses = tuple(record.address for record in records)
    return tuple(dict.fromkeys(addresses)) if action is ActionType.QUARANTINE else addresses


def begin(tx: Transaction, fresh: Remediation, *, at: datetime, actor: str = ENGINE) -> None:
    """Write a remediation at its beginning, tell of it, and let it go on at once."""
    tx.remediations.add(fresh)
    tell(tx, fresh, at=at, actor=actor)
    advance_soon(tx, [fresh.id])


def part_of(parent: Remediation, records: Sequence[FindingRecord], *, at: datetime) -> Remediation:
    """Return the same for `records` alone: what was decided and tried before stays so.

    How it corrects comes from its policy and its isolation group, which stay as well.
    """
    decided = dict(zip(parent.finding_ids, parent.fingerprints, strict=True))
    fresh = new_remediation(
        records,
        parent.action_type,
        at=at,
        policy_id=parent.policy_id,
        requested_by=parent.requested_by,
    )
    return replace(
        fresh,
        created_at=parent.created_at,
        attempts=parent.attempts,
        isolation_group=parent.isolation_group,
        fingerprints=tuple(decided[finding_id] for finding_id in fresh.finding_ids),
    )
