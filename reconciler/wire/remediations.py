"""Remediations on the wire, and what people decide about them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated

from reconciler.domain.next_commands import next_commands
from reconciler.domain.remediation_states import RemediationState
from reconciler.field_rules import Rule
from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.plans import Plan
from reconciler.wire.rules import (
    ActionWord,
    DoneWord,
    Glob,
    GroupId,
    Sentence,
    Time,
    Word,
    shown,
    words_of,
)

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class RemediationBody(Body):
    """Which report's drift is to be corrected."""

    report_id: Word
    action_type: ActionWord | None = None
    isolation_group: Annotated[
        GroupId | None,
        shown(description="Of a quarantine: swap security groups for this one, detach nothing."),
    ] = None


@model
class ApproveBody(Body):
    """The yes to exactly one plan."""

    plan_digest: Word


@model
class SplitBody(Body):
    """Which of a remediation's resources are to be decided alone."""

    addresses: Annotated[list[Glob], Rule({"min_length": 1, "max_length": 1000})]


@model
class ReasonBody(Body):
    """Why."""

    reason: Sentence


@model
class DecisionBody(ReasonBody):
    """Why, and with `plan_digest` of which plan: one with another is not decided about."""

    plan_digest: Word | None = None


@model
class SuppressBody(DecisionBody):
    """Why, and until when; without `until` for as long as the drift stays as it is."""

    until: Time | None = None


@model
class HoldReason(Wire):
    """Why a remediation waits, until when, and the guard that holds it."""

    reason: str
    until: Time | None
    guard: str | None


@model
class Approval(Wire):
    """One person's yes to one plan."""

    person: str
    plan_digest: str
    at: Time


@model
class Remediation(Wire):
    """One correction on its way from detected to converged; `state` says where it stands."""

    id: str
    stack: str
    report_id: str
    finding_ids: list[str]
    addresses: list[str]
    action_type: DoneWord
    state: Annotated[str, words_of(RemediationState)]
    hold: HoldReason | None
    plan: Plan | None
    plan_digest: str | None
    approvals: list[Approval]
    run_id: str | None
    created_at: Time
    updated_at: Time
    policy_id: str | None
    requested_by: str
    attempts: int
    note: str | None
    guard: str | None
    next_at: Time | None
    expires_at: Time | None
    next_commands: list[str] = field(default_factory=list)
    isolation_group: str | None = None


def remediation_of(remediation: records.Remediation) -> Remediation:
    """Return a remediation; its plan is passed on as it was kept."""
    return mapping.shown(
        Remediation,
        remediation,
        state=remediation.state.value,
        hold=_hold_of(remediation),
        next_commands=list(
            next_commands(
                remediation.state,
                remediation_id=remediation.id,
                run_id=remediation.run_id or "",
                finding_id=remediation.finding_ids[0] if remediation.finding_ids else "",
                stack=remediation.stack,
                guard=remediation.guard,
            )
        ),
        approvals=[mapping.shown(Approval, approval) for approval in remediation.approvals],
    )


def _hold_of(remediation: records.Remediation) -> HoldReason | None:
    if remediation.hold_reason is None:
        return None
    return HoldReason(
        reason=remediation.hold_reason,
        until=remediation.hold_until,
        guard=remediation.guard,
    )
