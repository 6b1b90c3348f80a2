from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.concerns import concerns
from reconciler.domain.model import (
    Finding,
    Kind,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    StackName,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, NewValue, Plan, PlannedChange, PlannedResource
from reconciler.domain.state_lineage import WHOLE_STACK
from reconciler.domain.values import UNKNOWN, Sensitive
from tests.unit.domain.drift import change, finding

A = ResourceAddress("thing.a")


def planned(
    action: Action = Action.UPDATE, *paths: str, address: str = "thing.a"
) -> PlannedResource:
    changes = tuple(PlannedChange(AttributePath(path), 2, 1) for path in paths)
    return PlannedResource(ResourceAddress(address), "thing", action, changes)


def plan(*resources: PlannedResource, **more: Any) -> Plan:
    return replace(Plan(StackName("shop"), (A,), resources), **more)


DRIFTED = finding(changes=(change("size"), change("tags.team")), consequences=(change("arn"),))


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        (planned(Action.UPDATE, "size"), DRIFTED),
        (planned(Action.UPDATE, "size", "tags.team", "arn"), DRIFTED),
        (planned(Action.UPDATE, "tags.other"), DRIFTED),
        (planned(Action.CREATE), finding(kind=Kind.MISSING)),
    ],
)
def test_a_plan_that_only_undoes_the_drift_needs_nobody(
    resource: PlannedResource, found: Finding
) -> None:
    assert concerns(plan(resource), [found]) == ()


@pytest.mark.parametrize(
    ("resource", "found", "words"),
    [
        (planned(Action.UPDATE, "size"), finding("thing.b"), "without drift of its own"),
        (planned(Action.UPDATE), replace(DRIFTED, origin=Origin.UNAPPLIED), "not applied yet"),
        (planned(Action.UPDATE), replace(DRIFTED, origin=Origin.BOTH), "not applied yet"),
        (planned(Action.UPDATE), replace(DRIFTED, origin=None), "not applied yet"),
        (planned(Action.CREATE), DRIFTED, "created a second time"),
        (planned(Action.REPLACE), DRIFTED, "would be replaced"),
        (planned(Action.DELETE), DRIFTED, "would be deleted"),
        (planned(Action.FORGET), DRIFTED, "would be forgotten"),
        (planned(Action.OTHER), DRIFTED, "does not know"),
        (planned(Action.UPDATE, "size", "name"), DRIFTED, "would change name too"),
    ],
)
def test_a_plan_that_does_more_needs_a_person(
    resource: PlannedResource, found: Finding, words: str
) -> None:
    (reason,) = concerns(plan(resource), [found])
    assert words in reason
    assert reason.startswith("thing.a")


def test_outputs_that_would_change_need_a_person() -> None:
    assert concerns(plan(outputs=("url",)), []) == ("output url would change",)


def test_a_plan_says_what_it_would_do() -> None:
    assert plan().summary == "nothing to do"
    assert plan().empty
    both = plan(planned(Action.CREATE), planned(Action.UPDATE, address="b"), outputs=("url",))
    assert both.summary == "1 to create, 1 to update, 1 outputs to change"
    assert not both.empty
    assert not plan(outputs=("url",)).empty


VALUES = st.sampled_from([None, True, 1, 2, "1", [1], {"a": 1}, Sensitive("d"), UNKNOWN])
CHANGES = st.builds(
    PlannedChange, path=st.sampled_from([AttributePath("a"), AttributePath("b")]),
    before=VALUES, after=VALUES,
)  # fmt: skip
RESOURCES = st.builds(
    PlannedResource,
    address=st.sampled_from([ResourceAddress("x.a"), ResourceAddress("x.b")]),
    type=st.just("x"),
    action=st.sampled_from(Action),
    changes=st.lists(CHANGES, max_size=2, unique_by=lambda one: one.path).map(tuple),
)
PLANS = st.builds(
    Plan,
    stack=st.sampled_from([StackName("s"), StackName("t")]),
    targets=st.lists(st.sampled_from([A, ResourceAddress("b")]), unique=True).map(tuple),
    resources=st.lists(RESOURCES, max_size=2, unique_by=lambda one: one.address).map(tuple),
    outputs=st.lists(st.sampled_from(["o", "p"]), unique=True).map(tuple),
)


def meaning(one: Plan) -> object:
    def order(resource: PlannedResource) -> PlannedResource:
        return replace(resource, changes=tuple(sorted(resource.changes, key=lambda c: c.path)))

    resources = sorted(map(order, one.resources), key=lambda resource: resource.address)
    return repr((one.stack, sorted(one.targets), resources, sorted(one.outputs)))


@given(PLANS, PLANS)
def test_digests_are_equal_exactly_when_plans_do_the_same(one: Plan, other: Plan) -> None:
    assert (one.digest == other.digest) is (meaning(one) == meaning(other))


@given(PLANS)
def test_the_order_things_are_listed_in_means_nothing(one: Plan) -> None:
    turned = replace(
        one,
        targets=one.targets[::-1],
        resources=tuple(replace(r, changes=r.changes[::-1]) for r in one.resources[::-1]),
        outputs=one.outputs[::-1],
    )
    assert turned.digest == one.digest


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (NewValue(AttributePath("tags.Env"), "dev", "prod"), 'tags.Env = "prod"'),
        (NewValue(AttributePath("size"), 1, 3), "size = 3"),
        (NewValue(AttributePath("secret"), None, Sensitive("d")), "secret"),
    ],
)
def test_a_value_that_no_apply_recorded_needs_a_person(new: NewValue, words: str) -> None:
    for action, found in (
        (Action.UPDATE, DRIFTED),
        (Action.CREATE, finding(kind=Kind.MISSING)),
    ):
        resource = replace(planned(action, "size"), new=(new,))
        (reason,) = concerns(plan(resource), [found])
        assert reason == f"thing.a would get values that no apply recorded: {words}"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "thing.a cannot be compared with the last apply"),
        ("provisioner", "thing.a would run its provisioner again"),
    ],
)
def test_what_no_apply_records_is_told_by_what_it_is(path: str, words: str) -> None:
    new = (NewValue(AttributePath(path), None, None),)
    resource = replace(planned(Action.CREATE, "size"), new=new)
    assert concerns(plan(resource), [finding(kind=Kind.MISSING)]) == (words,)
    size = NewValue(AttributePath("size"), 1, 3)
    both = replace(resource, new=(*new, size))
    assert concerns(plan(both), [finding(kind=Kind.MISSING)]) == (
        words,
        "thing.a would get values that no apply recorded: size = 3",
    )


def test_what_the_finding_holds_as_recorded_may_be_written_again() -> None:
    # The tool's state was refreshed by a correction that failed half-way.
    found = finding(changes=(replace(change("size"), recorded=1),))
    restoring = replace(
        planned(Action.UPDATE, "size"), new=(NewValue(AttributePath("size"), 9, 1),)
    )
    assert concerns(plan(restoring), [found]) == ()
    other = replace(restoring, new=(NewValue(AttributePath("size"), recorded=9, planned=True),))
    assert concerns(plan(other), [found])


def test_a_provider_in_doubt_needs_a_person() -> None:
    doubt = ProviderDoubt("cloud", 'region is "east" in code')
    found = replace(DRIFTED, provider="cloud")
    resource = planned(Action.UPDATE, "size")
    assert concerns(plan(resource), [found], doubts=[doubt]) == (doubt.reason,)
    assert concerns(plan(resource), [replace(found, provider="other")], doubts=[doubt]) == ()
    lost = replace(found, kind=Kind.MISSING)
    (told,) = concerns(plan(planned(Action.CREATE)), [lost], doubts=[doubt])
    assert told.startswith("thing.a would be created where the provider looks now")
    assert told.endswith(doubt.reason)
    of_stack = ProviderDoubt(WHOLE_STACK, "a plan ends with an error")
    assert concerns(plan(planned(Action.CREATE)), [lost], doubts=[of_stack]) == (of_stack.reason,)


def test_each_reason_is_told() -> None:
    doubt = ProviderDoubt("cloud", 'region is "east" in code')
    new = NewValue(AttributePath("tags.Env"), "dev", "prod")
    unapplied = replace(DRIFTED, provider="cloud", origin=Origin.BOTH)
    replaced = planned(Action.REPLACE, "size")
    assert concerns(plan(replace(replaced, new=(new,))), [unapplied], doubts=[doubt]) == (
        "thing.a would be replaced",
        'thing.a would get values that no apply recorded: tags.Env = "prod"',
        doubt.reason,
    )
    assert concerns(plan(replaced), [unapplied]) == (
        "thing.a would be replaced",
        "thing.a holds code that was not applied yet",
    )
    # What is told with its value is not told again by its name.
    more = replace(planned(Action.UPDATE, "size", "tags.Env"), new=(new,))
    assert len(concerns(plan(more), [DRIFTED])) == 1


def test_new_values_are_no_part_of_the_digest() -> None:
    # They say where a value comes from, and nothing about what would be done.
    resource = planned(Action.UPDATE, "size")
    told = replace(resource, new=(NewValue(AttributePath("size"), 9, 1),))
    assert plan(resource).digest == plan(told).digest
