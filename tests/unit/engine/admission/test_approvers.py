from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.plan import Action
from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.approvers import GUARD
from reconciler.engine.admission.situation import Situation
from tests.unit.engine.admission.situations import Case, approval, plan, planned
from tests.unit.engine.admission.situations import situation as made

ASKED = {"policy_id": None, "requested_by": "bob", "action_type": ActionType.MANUAL_REVIEW}


def needing(limits: Guardrails, *, about: Any = ASKED, action: Action = Action.UPDATE) -> Situation:
    return made(plan=plan(planned(action=action)), limits=limits, about=about)


TWO, OTHERS = Guardrails(approvals=2), Guardrails(own_approval=False)
TO_DELETE = Guardrails(approvals_to_delete=2)
CASES = [
    Case("one is enough", needing(Guardrails()), Open()),
    Case("two", needing(TWO), NeedsApproval("this plan needs 2 approvals", count=2)),
    Case("what a policy may do alone", needing(TWO, about={}), Open()),
    Case(
        "what a policy asks a person about",
        needing(OTHERS, about={"action_type": ActionType.MANUAL_REVIEW}),
        Open(),
    ),
    Case(
        "somebody approved what a policy wants",
        needing(TWO, about={"approvals": (approval(),)}),
        NeedsApproval("this plan needs 2 approvals", count=2),
    ),
    Case(
        "a release that only undoes",
        needing(TWO, about={"action_type": ActionType.RELEASE}),
        Open(),
    ),
    Case(
        "of others than who asked",
        needing(OTHERS),
        NeedsApproval("this plan needs one approval of others than bob", excluding=("bob",)),
    ),
    Case(
        "who divided what a policy asks for, or had a quarantine released",
        needing(OTHERS, about={"requested_by": "bob", "action_type": ActionType.MANUAL_REVIEW}),
        NeedsApproval("this plan needs one approval of others than bob", excluding=("bob",)),
    ),
    Case("two to delete", needing(TO_DELETE), Open()),
    Case(
        "a deletion",
        needing(TO_DELETE, action=Action.REPLACE),
        NeedsApproval("this plan needs 2 approvals", count=2),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_plan_needs_as_many_persons_as_its_limits_say(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
