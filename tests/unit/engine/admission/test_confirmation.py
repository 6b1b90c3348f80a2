from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.policy import ActionType
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.confirmation import GUARD
from tests.unit.engine.admission.situations import MINUTE, NOW, A, B, Case, approval, finding
from tests.unit.engine.admission.situations import situation as made

WHY = "a scan 30 s or more after the first must still find thing.a drifted"
BRIEFLY = Hold(WHY, about=frozenset({A}))
BRIEF = finding(last_seen=NOW - 2 * MINUTE)

CASES = [
    Case("seen again after its time", made(RemediationState.DETECTED), Open()),
    Case(
        "seen once, and its time has passed",
        made(RemediationState.DETECTED, findings=(BRIEF,)),
        BRIEFLY,
    ),
    Case(
        "seen once, and its time has not passed",
        made(RemediationState.DETECTED, about={"created_at": NOW}, findings=(finding(),)),
        replace(BRIEFLY, until=NOW + MINUTE / 2),
    ),
    Case(
        "one of two was seen once",
        made(RemediationState.DETECTED, findings=(finding(B), BRIEF)),
        BRIEFLY,
    ),
    Case(
        "the clock was set back since it was seen",
        made(RemediationState.DETECTED, now=NOW - 2 * MINUTE),
        replace(BRIEFLY, until=NOW - 2 * MINUTE + MINUTE / 2),
    ),
    Case(
        "a person will look at the plan",
        made(
            RemediationState.DETECTED,
            about={"action_type": ActionType.MANUAL_REVIEW},
            findings=(BRIEF,),
        ),
        Open(),
    ),
    Case(
        "a person asked for it",
        made(RemediationState.DETECTED, about={"policy_id": None}, findings=(BRIEF,)),
        Open(),
    ),
    Case(
        "a person approved it",
        made(about={"approvals": (approval(),)}, findings=(BRIEF,)),
        Open(),
    ),
    Case("asked again before the apply", made(findings=(BRIEF,)), BRIEFLY),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_drift_is_confirmed_before_it_is_corrected_unasked(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
