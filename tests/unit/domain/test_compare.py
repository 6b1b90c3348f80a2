from __future__ import annotations

import copy
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.domain.compare import (
    align,
    aligned_paths,
    changed_paths,
    maps_of_other_keys,
    same,
    value_at,
)
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import UNKNOWN, Sensitive, Value

_LAWS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, Decimal("0.5"), Decimal(2), 1.0]),
    st.sampled_from(["", "a", "b"]),
    st.just(UNKNOWN),
    st.just(Sensitive("d")),
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["x", "y", "a.b"]), inner, max_size=3),
    ),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(st.sampled_from(["x", "y"]), _VALUES, max_size=2)
_FLAT_OBJECTS = st.fixed_dictionaries(
    {"port": st.integers(0, 5), "cidrs": st.lists(st.sampled_from(["a", "b", "c"]), max_size=3)}
)


def _sets(steps: Steps) -> bool:
    return steps in {("rules",), ("names",)} or (len(steps) == 3 and steps[2] == "cidrs")


def _with(value: Any, steps: Steps, new: Any) -> Any:
    """Put `new` at a path, taking an element away where it is null at a list's end."""
    if not steps:
        return new
    step, *rest = steps
    if isinstance(value, dict):
        return {**value, step: _with(value.get(step), tuple(rest), new)}
    result = list(value)
    assert isinstance(step, int)
    while len(result) <= step:
        result.append(None)
    result[step] = _with(result[step], tuple(rest), new)
    return result


def _without_trailing_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_trailing_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_without_trailing_nulls(item) for item in value]
        while items and items[-1] is None:
            items.pop()
        return items
    return value


@_LAWS
@given(_VALUES, _VALUES)
def test_no_path_exactly_when_same(one: Any, other: Any) -> None:
    assert (changed_paths(one, other) == ()) == same(one, other)


@_LAWS
@given(_VALUES)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert changed_paths(value, copy.deepcopy(value)) == ()


@_LAWS
@given(_VALUES, _VALUES)
def test_without_sets_the_direction_means_nothing(one: Any, other: Any) -> None:
    assert changed_paths(one, other) == changed_paths(other, one)


@_LAWS
@given(_OBJECTS, _OBJECTS)
def test_putting_what_came_after_at_each_path_gives_it(before: Any, after: Any) -> None:
    result = before
    for path in changed_paths(before, after):
        result = _with(result, path, value_at(after, path))
    assert same(_without_trailing_nulls(result), _without_trailing_nulls(after))


@_LAWS
@given(st.lists(_FLAT_OBJECTS, max_size=6), st.randoms())
def test_the_order_of_a_set_means_nothing(rules: list[Any], chance: random.Random) -> None:
    shuffled = copy.deepcopy(rules)
    chance.shuffle(shuffled)
    for rule in shuffled:
        chance.shuffle(rule["cidrs"])
    assert same({"rules": rules}, {"rules": shuffled}, _sets)
    assert changed_paths({"rules": rules}, {"rules": shuffled}, _sets) == ()


@_LAWS
@given(st.lists(_FLAT_OBJECTS, max_size=5), st.lists(_FLAT_OBJECTS, max_size=5))
def test_sets_without_a_path_are_the_same_and_the_rest_is_not(one: Any, other: Any) -> None:
    paths = changed_paths({"rules": one}, {"rules": other}, _sets)
    assert (paths == ()) == same({"rules": one}, {"rules": other}, _sets)


@_LAWS
@given(st.lists(_FLAT_OBJECTS, max_size=5), st.lists(_FLAT_OBJECTS, max_size=5))
def test_aligned_sets_hold_what_they_held(one: Any, other: Any) -> None:
    aligned: Any = align(({"rules": one}, {"rules": other}), _sets)
    for before, after in zip((one, other), aligned, strict=True):
        kept = [element for element in after["rules"] if element is not None]
        assert same({"rules": before}, {"rules": kept}, _sets)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1, Decimal("1.00"), True),
        (0.1, Decimal("0.1"), True),
        (2**70, Decimal(2**70), True),
        (2**70, 2**70 + 1, False),
        (True, 1, False),
        (False, 0, False),
        ("1", 1, False),
        (None, {}, False),
        (None, "", False),
        ({"a": None}, {}, True),
        ([None], [], False),
        (["a", "b"], ["b", "a"], False),
        (UNKNOWN, UNKNOWN, True),
        (Sensitive("a"), Sensitive("b"), False),
    ],
)
def test_sameness(one: Value, other: Value, expected: bool) -> None:  # noqa: FBT001
    assert same(one, other) is expected
    assert same(other, one) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"tags": {"a": "1"}}, {"tags": {"a": "2", "b": "3"}}, ["tags.a", "tags.b"]),
        ({"tags": None}, {"tags": {"a": "1"}}, ["tags"]),
        ({"cidrs": ["a", "b"]}, {"cidrs": ["a", "c"]}, ["cidrs"]),
        ({"names": ["a", "b"]}, {"names": ["b", "a"]}, []),
        ({"l": [{"x": 1}, {"x": 2}]}, {"l": [{"x": 1}, {"x": 3}]}, ["l[1].x"]),
        ({"l": [{"x": 1}]}, {"l": [{"x": 1}, {"x": 3}]}, ["l[1]"]),
        ({"tags": {"a.b": "1"}}, {"tags": {}}, ['tags["a.b"]']),
        (
            {"rules": [{"port": 1, "p": "tcp"}, {"port": 2, "p": "tcp"}]},
            {"rules": [{"port": 2, "p": "tcp"}, {"port": 9, "p": "tcp"}]},
            ["rules[0].port"],
        ),
        (
            {"rules": [{"port": 1, "p": "a"}]},
            {"rules": [{"port": 1, "p": "a"}, {"port": 8, "p": "b"}]},
            ["rules[1]"],
        ),
        (
            {"rules": [{"port": 1, "cidrs": ["a"]}]},
            {"rules": [{"port": 1, "cidrs": ["b"]}]},
            ["rules[0].cidrs"],
        ),
    ],
)
def test_places_are_named_as_people_name_them(
    before: Value, after: Value, expected: list[str]
) -> None:
    assert [render_path(path) for path in changed_paths(before, after, _sets)] == expected


def test_more_than_two_sides_meet_at_one_index() -> None:
    live: Value = {"rules": [{"port": 2, "p": "x"}]}
    planned: Value = {"rules": [{"port": 1, "p": "y"}, {"port": 2, "p": "x"}]}
    recorded: Value = {"rules": [{"port": 1, "p": "y"}, {"port": 2, "p": "x"}]}
    sides = align((live, planned, recorded), _sets)
    assert [value_at(side, ("rules", 1)) for side in sides] == [
        None,
        {"port": 1, "p": "y"},
        {"port": 1, "p": "y"},
    ]
    assert aligned_paths(sides[0], sides[1], _sets) == (("rules", 1),)


def test_thousands_of_equal_elements_are_hashed_and_not_paired() -> None:
    rules: list[Value] = [{"port": n % 3, "n": n // 3} for n in range(6000)]
    before: Value = {"rules": rules}
    after: Value = {"rules": [*reversed(rules)]}
    assert changed_paths(before, after, _sets) == ()
    fewer: Value = {"rules": rules[1:]}
    assert changed_paths(before, fewer, _sets) == (("rules", 0),)


def test_maps_of_other_keys_differ_by_null_alone() -> None:
    before: Value = {"tags": {"a": "1"}, "all": {"a": "1"}, "in": [{"x": None}]}
    after: Value = {"tags": {"a": "1", "b": None}, "all": {"a": "1", "b": "2"}, "in": [{}]}
    assert maps_of_other_keys(before, after) == (("in", 0), ("tags",))
    assert maps_of_other_keys(before, before) == ()
