from __future__ import annotations

import pytest

from reconciler.domain.followers import followed_by
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan, PlannedResource

A, B, C, D = (ResourceAddress(f"thing.{name}") for name in ("a", "b[0]", "c", "d"))
BLOCK = ResourceAddress("thing.b")
CHAIN = {A: (), B: (A,), C: (BLOCK,), D: ()}
"""c depends on the block of b[0], which depends on a; d on nothing."""


def planned(**actions: Action) -> Plan:
    resources = tuple(
        PlannedResource({"a": A, "b": B, "c": C, "d": D}[name], "thing", action)
        for name, action in actions.items()
    )
    return Plan(StackName("s"), tuple(one.address for one in resources), resources)


@pytest.mark.parametrize("action", [Action.REPLACE, Action.DELETE])
def test_what_depends_on_a_resource_that_ends_is_named_however_far(action: Action) -> None:
    (said,) = followed_by(planned(a=action), CHAIN)
    assert said.startswith("thing.b[0], thing.c depend on thing.a, which would be ")


def test_what_the_plan_shows_itself_is_not_named_again() -> None:
    (said,) = followed_by(planned(a=Action.REPLACE, b=Action.REPLACE), {A: (), B: (A,), C: (A,)})
    assert said.startswith("thing.c depends on thing.a, ")


@pytest.mark.parametrize("plan", [planned(a=Action.UPDATE), planned(d=Action.DELETE), planned()])
def test_a_plan_that_ends_nothing_that_others_need_has_no_followers(plan: Plan) -> None:
    assert followed_by(plan, CHAIN) == ()


def test_a_circle_ends() -> None:
    (said,) = followed_by(planned(a=Action.DELETE), {A: (C,), C: (A,)})
    assert said.startswith("thing.c depends on thing.a, ")
