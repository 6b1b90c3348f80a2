"""Situations as the engine would gather them; each part can be said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reconciler.domain.model import (
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    StackName,
)
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    Approval,
    Evaluation,
    FindingId,
    FindingRecord,
    FindingState,
    Health,
    Remediation,
    RemediationId,
    ReportId,
    StackRecord,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Answer
from reconciler.engine.admission.situation import Situation

NOW: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
SHOP: Final = StackName("shop")
A, B = ResourceAddress("thing.a"), ResourceAddress("thing.b")


@dataclass(frozen=True)
class Case:
    """One row of a guard's table: why it is there, the situation, and the answer."""

    reason: str
    situation: Situation
    answer: Answer

    def __str__(self) -> str:
        return self.reason


def finding(address: ResourceAddress = A, **parts: Any) -> FindingRecord:
    whole: dict[str, Any] = {
        "stack": SHOP,
        "address": address,
        "type": "thing",
        "kind": Kind.CHANGED,
        "severity": Severity.MEDIUM,
        "score": 47,
        "origin": Origin.OUT_OF_BAND,
        "fingerprint": Fingerprint("ab"),
        "state": FindingState.OPEN,
        "first_seen": NOW - 2 * MINUTE,
        "last_seen": NOW,
        "times_seen": 2,
        "report_id": ReportId("r"),
        "details": {"changes": [{"path": "size"}], "provider": "cloud"},
    }
    return FindingRecord(FindingId(f"f-{address}"), **{**whole, **parts})


def remediation(state: RemediationState = RemediationState.PLANNING, **parts: Any) -> Remediation:
    """Return one that a policy opened, and that no person saw."""
    whole: dict[str, Any] = {
        "stack": SHOP,
        "report_id": ReportId("r"),
        "finding_ids": (FindingId(f"f-{A}"),),
        "addresses": (A,),
        "fingerprints": (Fingerprint("ab"),),
        "action_type": ActionType.AUTO_CORRECT,
        "created_at": NOW - 2 * MINUTE,
        "updated_at": NOW,
        "policy_id": "auto",
        "plan_digest": "d",
    }
    return Remediation(RemediationId("m"), state=state, **{**whole, **parts})


def situation(
    state: RemediationState = RemediationState.PLANNING,
    *,
    about: Mapping[str, Any] | None = None,
    wanted: bool = True,
    **parts: Any,
) -> Situation:
    """Return one in which every guard is open; `about` says the remediation otherwise."""
    whole: dict[str, Any] = {
        "findings": (finding(),),
        "now": NOW,
        "confirm_after": timedelta(seconds=30),
        "stack": stack(),
        "evaluations": {"policy": Evaluation("saw", {"wanted": wanted, "policies": {}})},
    }
    return Situation(remediation(state, **(about or {})), **{**whole, **parts})


def stack(**parts: Any) -> StackRecord:
    known = StackRecord(SHOP, "terraform", "/shop", timedelta(minutes=15), health=Health.DRIFTED)
    return replace(known, **parts)


def planned(
    address: ResourceAddress = A, action: Action = Action.UPDATE, of_type: str = "thing"
) -> PlannedResource:
    return PlannedResource(address, of_type, action)


def plan(*resources: PlannedResource) -> Plan:
    return Plan(SHOP, tuple(one.address for one in resources), resources)


def approval(person: str = "ann", digest: str = "d") -> Approval:
    return Approval(person, digest, NOW)
