"""Which drifted resources are why a plan needs a person (row P6)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.concerned import concerned
from reconciler.domain.concerns import concerns
from reconciler.domain.model import Origin, ResourceAddress
from reconciler.domain.plan import Action, PlannedResource
from tests.unit.domain.drift import finding
from tests.unit.domain.test_plan import plan

NAMES = [ResourceAddress(f"thing.{letter}") for letter in "abcdef"]
A, B, C, D = NAMES[:4]


def planned(address: ResourceAddress, action: Action = Action.UPDATE) -> PlannedResource:
    return PlannedResource(address, "thing", action)


@pytest.mark.parametrize(
    ("resources", "dependencies", "expected"),
    [
        ([planned(A), planned(B)], {}, set()),
        ([planned(A, Action.REPLACE), planned(B)], {}, {A}),
        # The plan of B alone would reach A, so B waits with it.
        ([planned(A, Action.REPLACE), planned(B), planned(C)], {B: (A,)}, {A, B}),
        # D has no drift: it is in the plan because A depends on it.
        ([planned(A), planned(B), planned(D)], {A: (D,)}, {A}),
        ([planned(A), planned(B), planned(D)], {D: (B,)}, {B}),
        # Nothing says why D is in the plan: all of it waits.
        ([planned(A), planned(B), planned(D)], {}, set()),
    ],
)
def test_it_names_those_without_which_the_plan_needs_no_person(
    resources: list[PlannedResource],
    dependencies: Mapping[ResourceAddress, tuple[str, ...]],
    expected: set[ResourceAddress],
) -> None:
    found = [finding(address=address) for address in (A, B, C)]
    every: dict[ResourceAddress, tuple[str, ...]] = dict.fromkeys(NAMES, ())
    assert concerned(plan(*resources), found, dependencies=every | dict(dependencies)) == expected


def test_a_plan_that_destroys_what_was_added_is_about_the_finding_of_its_parent() -> None:
    rule = ResourceAddress(f"{A}/rule")
    found = [finding(address=A, origin=Origin.UNDECLARED, added_as=(rule,))]
    destroying = plan(planned(rule, Action.DELETE))
    assert concerns(destroying, found) == (f"{rule}, which no code declares, would be deleted",)
    assert concerned(destroying, found, dependencies={}) == {A}


def test_an_output_that_would_change_is_about_all_of_the_plan() -> None:
    found = [finding(address=A), finding(address=B)]
    changed = plan(planned(A, Action.REPLACE), outputs=("url",))
    assert concerned(changed, found, dependencies={}) == frozenset()


@given(
    acts=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*Action]), min_size=1),
    drifted=st.sets(st.sampled_from(NAMES), min_size=1),
    edges=st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))),
)
def test_what_is_left_without_them_raises_no_concern(
    acts: dict[ResourceAddress, Action],
    drifted: set[ResourceAddress],
    edges: set[tuple[ResourceAddress, ResourceAddress]],
) -> None:
    dependencies = {name: tuple(below for above, below in edges if above == name) for name in NAMES}
    found = [finding(address=address) for address in sorted(drifted)]
    whole = plan(*(planned(address, action) for address, action in sorted(acts.items())))
    waits = concerned(whole, found, dependencies=dependencies)
    assert waits <= drifted
    if not waits:
        return
    rest = [one for one in found if one.address not in waits]
    left = {one.address for one in rest}
    assert not concerns(plan(*(one for one in whole.resources if one.address in left)), rest)
