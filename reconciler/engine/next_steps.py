"""What trueup does by itself about a drift that an alert tells of: who is woken asks that first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from reconciler.domain.deciding import decide_all
from reconciler.domain.lifecycle import subject_of
from reconciler.domain.policy import Act, ActionType, Below, Decision, Observe, action_on
from reconciler.domain.records import FindingId, FindingRecord, FindingState
from reconciler.stores import Transaction


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
        case Act():
            return f"{_done(record, decision)} (policy {decision.policy.name})"
        case _:
            assert_never(decision)


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
