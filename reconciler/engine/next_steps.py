"""What trueup does by itself about a drift that an alert tells of: who is woken asks that first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

from reconciler.domain.deciding import decide_all
from reconciler.domain.lifecycle import subject_of
from reconciler.domain.policy import Act, ActionType, Below, Decision, Observe, action_on
from reconciler.domain.records import DriftDecision, FindingId, FindingRecord, FindingState
from reconciler.domain.remediation_states import RemediationState
from reconciler.stores import Transaction

_DECIDED: Final = {
    RemediationState.REJECTED: "rejected its correction",
    RemediationState.CANCELLED: "cancelled its correction",
    RemediationState.FAILED: "gave up its correction",
    RemediationState.CONVERGED: "ended its quarantine",
}
"""What a person did, by how the remediation ended in which that was."""


def next_steps(
    view: Transaction, records: Sequence[FindingRecord], *, at: datetime
) -> dict[FindingId, str]:
    """Return what happens next about each open record, as policies say at that time.

    Where a remediation is open already, that says more.
    """
    open_now = [record for record in records if record.state is FindingState.OPEN]
    if not open_now:
        return {}
    decided = decide_all(open_now, view.policies.all(), uploaded=view.templates.uploaded(), now=at)
    return {record.id: step_of(record, decision) for record, decision in decided}


def step_of(record: FindingRecord, decision: Decision) -> str:
    """Return what trueup does about a drift that nothing was begun for yet."""
    match decision:
        case Observe():
            return f"trueup changes nothing by itself: {decision.reason}"
        case Below():
            name = decision.policy.name
            return f"trueup changes nothing by itself: below the threshold of policy {name}"
        case Act() if record.decision is not None:
            # No policy asks again about exactly this drift (`open_wanted`).
            return _left_alone(record.id, record.decision)
        case Act():
            return f"{_done(record, decision)} (policy {decision.policy.name})"
        case _:
            assert_never(decision)


def _left_alone(finding: FindingId, decided: DriftDecision) -> str:
    """Return who ended its remediation, what plans another, and last the reason: it may be cut."""
    if decided.by is None:
        why = decided.reason or f"its correction ended as {decided.state.value}"
        return f"trueup changes nothing by itself: {why}"
    did = f"{decided.by} {_DECIDED.get(decided.state, 'decided about it')}"
    reason = f": {decided.reason}" if decided.reason else ""
    return (
        f"trueup changes nothing by itself (to plan a correction: trueup remediate {finding});"
        f" {did}{reason}"
    )


def _done(record: FindingRecord, decision: Act) -> str:
    match action_on(decision, subject_of(record)):
        case ActionType.AUTO_CORRECT:
            return "trueup corrects it by itself"
        case ActionType.QUARANTINE:
            return "trueup isolates it"
        case ActionType.MANUAL_REVIEW | ActionType.RELEASE:
            return "trueup plans a correction and waits for an approval"
        case action:
            assert_never(action)
