from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Origin
from reconciler.domain.policy import ActionType, Policy, PolicyId, Selection
from reconciler.domain.records import Evaluation
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Evaluated, Evidence
from reconciler.engine.admission.guards.policy import GUARD, evaluate
from tests.unit.engine.admission.situations import (
    MINUTE,
    NOW,
    A,
    B,
    Case,
    finding,
    remediation,
)
from tests.unit.engine.admission.situations import situation as made

REVIEW = {"action_type": ActionType.MANUAL_REVIEW}
ASKED = {"policy_id": None}
GONE = Refuse("no policy asks for it any more")
ASKS = NeedsApproval("no policy allows this correction without approval")

CASES = [
    Case("wanted, before it is queued", made(RemediationState.DECIDED), Open()),
    Case("wanted, before the apply", made(), Open()),
    Case("taken back before it is queued", made(RemediationState.DECIDED, wanted=False), GONE),
    Case(
        "a review that is taken back",
        made(RemediationState.DECIDED, about=REVIEW, wanted=False),
        GONE,
    ),
    Case("taken back while planning", made(wanted=False), ASKS),
    Case(
        "a person asked, whatever the policies say",
        made(RemediationState.DECIDED, about=ASKED, wanted=False),
        Open(),
    ),
    Case("a person's wish is no approval", made(about=ASKED, wanted=False), ASKS),
    Case("a wish that a policy grants", made(about=ASKED), Open()),
    Case("guard manual_review asks the person", made(about=REVIEW, wanted=False), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_policy_still_wants_what_is_done_unasked(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer


@pytest.mark.parametrize("evaluations", [{}, {"policy": Evaluation("saw", failed="out of memory")}])
def test_what_was_not_evaluated_is_never_open(evaluations: dict[str, Evaluation]) -> None:
    with pytest.raises(PermanentError):
        GUARD.ask(made(evaluations=evaluations))


AUTO = Policy(PolicyId("auto"), "auto", ActionType.AUTO_CORRECT, version=3)
ONLY_A = replace(AUTO, selection=Selection(address=A))
MANUAL = replace(AUTO, policy_id=PolicyId("m"), action_type=ActionType.MANUAL_REVIEW, position=1)

EVALUATIONS = {
    "a policy corrects it": (AUTO, Evaluated({"wanted": True, "policies": {"auto": 3}})),
    "no policy of this action": (MANUAL, Evaluated({"wanted": False, "policies": {"m": 3}})),
    "it selects one of two": (ONLY_A, Evaluated({"wanted": False, "policies": {"auto": 3}})),
    "it expires": (
        replace(AUTO, expires_at=NOW + MINUTE),
        Evaluated({"wanted": True, "policies": {"auto": 3}}, NOW + MINUTE),
    ),
    "it begins": (
        replace(AUTO, starts_at=NOW + MINUTE),
        Evaluated({"wanted": False, "policies": {}}, NOW + MINUTE),
    ),
    "it has expired": (
        replace(AUTO, expires_at=NOW),
        Evaluated({"wanted": False, "policies": {}}),
    ),
}


@pytest.mark.parametrize(("policy", "found"), EVALUATIONS.values(), ids=EVALUATIONS)
def test_the_policies_are_evaluated_with_their_versions(policy: Policy, found: Evaluated) -> None:
    findings = (finding(A), finding(B))
    assert evaluate(Evidence(remediation(), findings, (policy,), (), NOW)) == found


def test_nothing_is_wanted_about_no_finding_or_about_code_that_nobody_applied() -> None:
    for findings in ((), (finding(origin=Origin.BOTH),)):
        found = evaluate(Evidence(remediation(), findings, (AUTO,), (), NOW))
        assert found.result["wanted"] is False
