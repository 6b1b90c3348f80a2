"""A plan says before its approval what it would undo that no code declares."""

from __future__ import annotations

import pytest

from reconciler.domain.model import Kind, Origin, ResourceAddress
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.swept import swept_away
from tests.unit.domain.drift import SHOP, record

GROUP = "aws_security_group.web"
OPENED = record(
    GROUP,
    origin=Origin.UNDECLARED,
    details={"changes": [{"path": "ingress[1]"}, {"path": "policy"}]},
)
CHILD = record(
    f"{GROUP}/rule",
    kind=Kind.ADDED,
    origin=Origin.UNDECLARED,
    details={"parent": GROUP, "changes": []},
)


def a_plan(action: Action, *paths: str) -> Plan:
    changes = tuple(PlannedChange(AttributePath(path), 1, 2) for path in paths)
    one = PlannedResource(ResourceAddress(GROUP), "aws_security_group", action, changes)
    return Plan(SHOP, (ResourceAddress(GROUP),), (one,))


def said(*places: str) -> tuple[str, ...]:
    named = ", ".join(places)
    return (f"{GROUP}: the plan would also undo what no code declares: {named}",)


@pytest.mark.parametrize("action", [Action.REPLACE, Action.DELETE])
def test_an_object_that_ends_takes_all_of_it_along(action: Action) -> None:
    plan = a_plan(action)

    assert swept_away(plan, [OPENED, CHILD]) == said(f"{GROUP}/rule", "ingress", "policy")


def test_an_update_takes_what_it_writes_and_nothing_else() -> None:
    assert swept_away(a_plan(Action.UPDATE, "ingress[0].port"), [OPENED, CHILD]) == said("ingress")
    assert swept_away(a_plan(Action.UPDATE, "tags.team"), [OPENED, CHILD]) == ()


def test_drift_that_the_plan_is_about_is_not_swept_away() -> None:
    assert swept_away(a_plan(Action.REPLACE, "size"), [record(GROUP)]) == ()
