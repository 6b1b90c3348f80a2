"""The elements of a set stand as Terraform writes them.

Source: `jsonencode(toset(...))` in `terraform console` of Terraform 1.11.
"""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.compare import in_order, same
from reconciler.domain.paths import Steps
from reconciler.domain.set_order import rank
from reconciler.domain.values import Value


@pytest.mark.parametrize(
    "written",
    [
        ["10", "9", "Z", "a", "b", "é"],
        [1.5, 9, 10, 100],
        [
            {"c": ["a", "b"], "n": "x", "p": 443},
            {"c": ["c"], "n": None, "p": 22},
            {"c": [], "n": "y", "p": 9},
        ],
        [["a", "b"], ["c"], []],
        [{"a": '"q'}, {"a": "\n"}, {"a": "z"}, {"a": "é"}],
        [{"k": "1", "l": "2"}, {"m": "1"}, {}],
    ],
)
def test_a_set_is_in_the_order_of_terraform(written: list[Any]) -> None:
    for seed in range(5):
        mixed = list(written)
        Random(seed).shuffle(mixed)
        assert sorted(mixed, key=rank) == written


def test_maps_that_differ_by_their_keys_alone_have_one_order() -> None:
    one: Value = {"a": "x"}
    other: Value = {"b": "x"}
    assert sorted([one, other], key=rank) == sorted([other, one], key=rank)


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=2)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2),
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_VALUES, max_size=6), st.randoms(use_true_random=False))
def test_one_order_whoever_listed_the_elements(elements: list[Any], chance: Random) -> None:
    def is_set(steps: Steps) -> bool:
        return steps == ()

    mixed = copy.deepcopy(elements)
    chance.shuffle(mixed)
    one, other = in_order(elements, is_set), in_order(mixed, is_set)
    assert isinstance(one, list)
    assert isinstance(other, list)
    assert all(same(left, right) for left, right in zip(one, other, strict=True))


def test_what_holds_no_set_is_returned_as_it_is() -> None:
    value: Any = {"steps": [{"b": 1}, {"a": 2}]}
    assert in_order(value, lambda _steps: False) is value
