"""What differs inside two values: lists by index, sets and policies by their elements."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.domain.inside import leaves

_READ = {"Sid": "read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a", "b"]}
_DENY = {"Sid": "deny", "Effect": "Deny", "Action": ["x", "y"], "Resource": "*"}


def document(**members: Any) -> str:
    return json.dumps(members)


def policy(*statements: Any) -> str:
    return document(Version="2012-10-17", Statement=statements)


def seen(before: Any, after: Any) -> list[tuple[str, str, Any, Any]]:
    return [(leaf.place, leaf.kind, leaf.before, leaf.after) for leaf in leaves(before, after)]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([1, 2, 4], [("q[2]", "changed", 3, 4)]),
        ([7, 2, 8], [("q[0]", "changed", 1, 7), ("q[2]", "changed", 3, 8)]),
        ([9, 1, 2, 3], [("q[0]", "added", None, 9)]),
        ([1, 3], [("q[1]", "removed", 2, None)]),
        ([1, 2, {"a": 1}], [("q[2]", "changed", 3, {"a": 1})]),
        ([3, 1, 2], [("q", "respelled", [1, 2, 3], [3, 1, 2])]),
    ],
)
def test_a_list_in_json_text_is_ordered(after: list[Any], expected: list[Any]) -> None:
    assert seen(document(p=1, q=[1, 2, 3]), document(p=1, q=after)) == expected


def test_an_object_in_a_list_of_json_text_differs_by_its_member() -> None:
    before = document(q=[{"name": "a", "v": 1}, {"name": "b", "v": 1}])
    after = document(q=[{"name": "a", "v": 2}, {"name": "b", "v": 1}])
    assert seen(before, after) == [("q[0].v", "changed", 1, 2)]


def test_a_list_that_may_be_a_set_has_no_order_and_no_index() -> None:
    assert seen(["a", "b"], ["c", "a"]) == [("", "removed", "b", None), ("", "added", None, "c")]
    assert seen(["a", "b"], ["b", "a"]) == [("", "respelled", ["a", "b"], ["b", "a"])]


def test_statements_of_a_policy_are_paired_in_whatever_order_they_stand() -> None:
    deny = {**_DENY, "Action": ["y", "x", "z"], "Resource": ["*"]}
    read = {**_READ, "Resource": ["b", "c"]}
    assert seen(policy(_READ, _DENY), policy(deny, read)) == [
        ("Statement[0].Resource", "removed", "a", None),
        ("Statement[0].Resource", "added", None, "c"),
        ("Statement[1].Action", "added", None, "z"),
        ("Statement[1].Resource", "respelled", "*", ["*"]),
    ]


def test_one_text_of_a_policy_means_the_same_as_a_list_of_it() -> None:
    read = {**_READ, "Action": ["s3:GetObject"]}
    expected = ("Statement[0].Action", "respelled", "s3:GetObject", ["s3:GetObject"])
    assert seen(policy(_READ), policy(read)) == [expected]


def test_text_that_is_nested_deeper_than_calls_go_is_shown_whole() -> None:
    deep = ["[" * 600 + str(number) + "]" * 600 for number in (1, 2)]
    (leaf,) = leaves(*deep)
    assert leaf.kind == "changed"


def test_long_lists_of_json_text_are_compared_by_place() -> None:
    before, after = list(range(2000)), list(range(5000, 7000))
    found = seen(document(q=before), document(q=after))
    assert found[0] == ("q[0]", "changed", 0, 5000)
    assert len(found) == len(before)
