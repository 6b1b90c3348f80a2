from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.domain.activity import Activity
from reconciler.domain.guardrails import Guardrails
from reconciler.domain.model import StackName
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.ramp import GUARD
from reconciler.engine.admission.situation import Situation
from tests.unit.engine.admission.situations import MINUTE, NOW, Case
from tests.unit.engine.admission.situations import situation as made

BAKED, FRESH = NOW - 11 * MINUTE, NOW - 4 * MINUTE


def after(*, baked: str = "", baking: str = "", at_it: str = "", **parts: Any) -> Situation:
    corrected = [(StackName(one), BAKED) for one in baked]
    corrected += [(StackName(one), FRESH) for one in baking]
    under_way = frozenset(map(StackName, at_it))
    return made(activity=Activity(corrected=tuple(corrected), under_way=under_way), **parts)


ONE_AT_A_TIME = "the policy corrects 1 stack at a time so far: a"
CASES = [
    Case("the first stack", after(), Open()),
    Case("another is at it", after(at_it="a"), Hold(ONE_AT_A_TIME)),
    Case("the first one bakes", after(baking="a"), Hold(ONE_AT_A_TIME, NOW + 6 * MINUTE)),
    Case("the first one is done", after(baked="a"), Open()),
    Case("two at a time then", after(baked="a", at_it="b"), Open()),
    Case(
        "and no third",
        after(baked="a", baking="b", at_it="c"),
        Hold("the policy corrects 2 stacks at a time so far: b, c", NOW + 6 * MINUTE),
    ),
    Case("four after three", after(baked="abc", at_it="def"), Open()),
    Case(
        "never more than four",
        after(baked="abcdefgh", at_it="wxyz"),
        Hold("the policy corrects 4 stacks at a time so far: w, x, y"),
    ),
    Case("a stack that was corrected before", made(activity=Activity(
        corrected=((StackName("shop"), FRESH),), under_way=frozenset({StackName("a")}))), Open()),
    Case("no ramp", after(at_it="a", limits=Guardrails(bake=timedelta())), Open()),
    Case("a person asked", after(at_it="a", about={"policy_id": None}), Open()),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_policy_goes_from_one_stack_to_two_to_four(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
