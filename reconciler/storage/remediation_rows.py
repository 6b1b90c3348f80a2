"""A remediation as a row, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from reconciler.domain.model import Fingerprint, ResourceAddress, StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    Approval,
    Evaluation,
    FindingId,
    Remediation,
    RemediationId,
    ReportId,
    RunId,
)
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.storage.rows import Values
from reconciler.storage.tables.remediations import RemediationRow


def values(written: Remediation) -> Values:
    """Return its columns."""
    return {
        "id": written.id,
        "stack": written.stack,
        "report_id": written.report_id,
        "finding_ids": written.finding_ids,
        "addresses": written.addresses,
        "fingerprints": written.fingerprints,
        "action_type": written.action_type.value,
        "state": written.state.value,
        "open": written.state in OPEN,
        "created_at": written.created_at,
        "updated_at": written.updated_at,
        "version": written.version,
        "policy_id": written.policy_id,
        "requested_by": written.requested_by,
        "hold_reason": written.hold_reason,
        "hold_until": written.hold_until,
        "plan": written.plan,
        "plan_digest": written.plan_digest,
        "approvals": [asdict(approval) for approval in written.approvals],
        "run_id": written.run_id,
        "attempts": written.attempts,
        "next_at": written.next_at,
        "expires_at": written.expires_at,
        "note": written.note,
        "guard": written.guard,
        "isolation_group": written.isolation_group,
        "evaluations": _evaluation_columns(written) or None,
        "change_digest": written.change_digest,
        "voided": written.voided,
    }


def links(written: Remediation) -> list[Values]:
    """Return one row per finding it is about."""
    return [
        {"remediation_id": written.id, "finding_id": fromkey, "open": written.state in OPEN}
        for fromkey in dict.fromkeys(written.finding_ids)
    ]


def remediation(row: RemediationRow) -> Remediation:
    """Return what the row stands for."""
    return Remediation(
        id=RemediationId(row.id),
        stack=StackName(row.stack),
        report_id=ReportId(row.report_id),
        finding_ids=tuple(map(FindingId, row.finding_ids)),
        addresses=tuple(map(ResourceAddress, row.addresses)),
        fingerprints=tuple(map(Fingerprint, row.fingerprints)),
        action_type=ActionType(row.action_type),
        state=RemediationState(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        policy_id=row.policy_id,
        requested_by=row.requested_by,
        hold_reason=row.hold_reason,
        hold_until=row.hold_until,
        plan=row.plan,
        plan_digest=row.plan_digest,
        approvals=tuple(map(_approval, row.approvals)),
        run_id=None if row.run_id is None else RunId(row.run_id),
        attempts=row.attempts,
        next_at=row.next_at,
        expires_at=row.expires_at,
        note=row.note,
        guard=row.guard,
        isolation_group=row.isolation_group,
        evaluations=_evaluations(row.evaluations or {}),
        change_digest=row.change_digest,
        voided=row.voided,
    )


def _evaluation_columns(written: Remediation) -> dict[str, Any]:
    return {guard: asdict(evaluation) for guard, evaluation in written.evaluations.items()}


def _evaluations(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Evaluation]:
    return {guard: _evaluation(**part) for guard, part in parts.items()}


def _evaluation(*, until: str | None, **parts: Any) -> Evaluation:
    return Evaluation(until=datetime.fromisoformat(until) if until else None, **parts)


def _approval(parts: dict[str, Any]) -> Approval:
    return Approval(
        person=parts["person"],
        plan_digest=parts["plan_digest"],
        at=datetime.fromisoformat(parts["at"]),
    )
