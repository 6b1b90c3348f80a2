"""What differs inside two values, as a reviewer would say it."""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.comparison import TIME_BOX_S, Difference, compare, compare_changes

_READ = {"Sid": "read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a", "b"]}
_DENY = {"Sid": "deny", "Effect": "Deny", "Action": ["x", "y"], "Resource": "*"}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_policy_differs_by_a_resource_and_not_by_order_or_spelling() -> None:
    deny = {**_DENY, "Action": ["y", "x"], "Resource": ["*"]}
    read = {**_READ, "Action": ["s3:GetObject"], "Resource": ["b", "a", "c"]}
    found = compare(policy(_READ, _DENY), policy(deny, read))
    assert found.differences == (Difference("Statement[0].Resource[2]", "added", None, "c"),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([1, 2, 3], [3, 2, 1], id="a list in another order"),
        pytest.param(policy(_READ, _DENY), policy(_DENY, _READ), id="statements"),
        pytest.param('{"a": [1, 2]}', '{"a":[2,1]}', id="JSON in a text"),
    ],
)
def test_only_the_order_differs(before: Any, after: Any) -> None:
    found = compare(before, after)
    assert (found.only_order, found.differences) == (True, ())


def test_how_often_an_element_is_there_is_no_order() -> None:
    assert not compare([1, 1, 2], [1, 2]).only_order


def test_a_secret_is_one_thing() -> None:
    found = compare({"key": {"digest": "ab"}, "n": 1}, {"key": {"digest": "cd"}, "n": 1})
    assert found.differences == (Difference("key", "changed", {"digest": "ab"}, {"digest": "cd"}),)


def test_values_too_large_say_so_and_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [{"k": place, "v": random.random()} for place in range(20_000)]
    monkeypatch.setitem(sys.modules, "deepdiff", None)  # whoever asks for it fails
    found = compare(before, [*reversed(before), 1])
    assert (found.complete, found.differences) == (False, ())


def test_what_comes_after_the_time_box_is_not_compared() -> None:
    change = {"recorded": [1], "live": [2], "declared": [1], "origin": "out_of_band"}
    moments = iter([0.0, 0.1, TIME_BOX_S + 1])
    first, second = compare_changes([change, change], clock=lambda: next(moments))
    assert first is not None
    assert second is not None
    assert (first.complete, second.complete) == (True, False)


def test_scalars_and_what_is_marked_sensitive_need_no_look() -> None:
    assert compare_changes([{"recorded": 1, "live": 2}]) == [None]
    assert compare_changes([{"recorded": [1], "live": [2], "sensitive": True}]) == [None]


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-5, 5) | some.text("ab{[\0", max_size=3),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.text("ab", max_size=2), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(_JSON, _JSON)
def test_equal_values_never_differ_and_others_never_look_equal(before: Any, after: Any) -> None:
    assert compare(before, before).differences == ()
    found = compare({"v": before}, {"v": after})
    if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
        assert found.differences == ()
    elif not found.only_order:
        assert found.differences
