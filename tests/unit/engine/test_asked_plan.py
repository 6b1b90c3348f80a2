"""Under which digest a plan is asked about, and when an approval of before still names it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.model import StackName
from reconciler.domain.plan import Action, Plan, PlannedResource, plan_digest
from reconciler.domain.records import Approval, Remediation
from reconciler.engine.asked_plan import asked_about, since_approved
from reconciler.engine.judged_plan import JudgedPlan
from tests.contract.store.records import a_remediation
from tests.unit.engine.house import A

PLAN = Plan(StackName("shop"), (A,), (PlannedResource(A, "thing", Action.UPDATE),))
OTHER = replace(PLAN, resources=(PlannedResource(A, "thing", Action.REPLACE),))
TOLD = "the scan is incomplete: thing.b could not be read ({})"


def judged(*concerns: str, plan: Plan = PLAN) -> JudgedPlan:
    return JudgedPlan(plan, concerns)


def asked(known: Remediation, of: JudgedPlan) -> Remediation:
    return asked_about(known, replace(of, unapproved=since_approved(known, of)))


def shown(*concerns: str, **more: Any) -> Remediation:
    """Return a remediation that was asked about with these, and approved."""
    fresh = replace(a_remediation(), plan=None, plan_digest=None, approvals=(), **more)
    known = asked(fresh, judged(*concerns))
    return replace(known, approvals=(Approval("ann", str(known.plan_digest), known.created_at),))


@pytest.mark.parametrize(
    "now",
    [
        judged("b", "a"),
        judged("a"),
        judged(),
        judged("a", "b", TOLD.format("RequestID 7")),
    ],
)
def test_what_was_shown_or_is_less_keeps_the_digest_and_its_approvals(now: JudgedPlan) -> None:
    known = shown("a", "b", TOLD.format("RequestID 6"))
    later = asked(known, now)
    assert (later.plan_digest, later.approvals) == (known.plan_digest, known.approvals)
    assert (later.plan or {})["digest"] == known.plan_digest
    assert (later.plan or {})["concerns"] == list(now.concerns)
    # Nor does it matter how often that is asked.
    assert asked(later, now).approvals == known.approvals


def test_another_reason_is_asked_about_under_another_digest() -> None:
    known = shown("a")
    later = asked(known, judged("a", "b"))
    assert (later.approvals, later.voided) == ((), 1)
    assert later.plan_digest not in (known.plan_digest, plan_digest(PLAN))
    gone = asked(later, judged("a"))
    back = asked(replace(gone, approvals=shown().approvals), judged("a", "b"))
    assert back.plan_digest not in (known.plan_digest, later.plan_digest)


def test_a_digest_under_which_less_was_shown_is_never_that_of_more() -> None:
    """Nobody approved it: its page showed one reason, as of then, and the other is back."""
    known = replace(shown("a", "b"), approvals=())
    fewer = asked(known, judged("a"))
    assert fewer.plan_digest == known.plan_digest
    assert asked(fewer, judged("a", "b")).plan_digest != known.plan_digest
    # Tried again, it has no plan in between.
    anew = replace(fewer, plan=None, plan_digest=None, change_digest=None)
    assert asked(anew, judged("a", "b")).plan_digest != known.plan_digest


def test_another_plan_is_asked_about_under_another_digest() -> None:
    known = shown("a")
    later = asked(known, judged("a", plan=OTHER))
    assert later.plan_digest != known.plan_digest
    assert {each.plan_digest for each in later.approvals} == {known.plan_digest}


def test_what_was_asked_about_by_an_earlier_version_is_approved_still() -> None:
    bare = str(plan_digest(PLAN))
    known = shown("a")
    yes = replace(known.approvals[0], plan_digest=bare)
    known = replace(known, plan_digest=bare, change_digest=None, approvals=(yes,))
    assert asked(known, judged("a")).plan_digest == bare
    assert asked(known, judged("a", "b")).approvals == ()


def test_a_plan_without_a_reason_has_its_own_digest() -> None:
    assert shown().plan_digest == plan_digest(PLAN)
    assert shown(voided=1).plan_digest != plan_digest(PLAN)
