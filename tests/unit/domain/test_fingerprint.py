from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.fingerprint import (
    Identity,
    canonical_bytes,
    fingerprint,
    value_digest,
)
from reconciler.domain.model import Change, Kind, Origin, ResourceAddress
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN, Sensitive, Value

KEY = b"k" * 32
ADDRESS = ResourceAddress("aws_sqs_queue.a")

values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.text()
    | st.builds(Sensitive, st.text())
    | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
changes = st.builds(
    Change,
    path=st.text(min_size=1).map(AttributePath),
    declared=values,
    recorded=values,
    live=values,
    origin=st.sampled_from(Origin),
)


@given(
    st.lists(changes, max_size=5).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(all_))
    )
)
def test_the_order_of_changes_means_nothing(pair: tuple[list[Change], list[Change]]) -> None:
    first, second = (Identity(ADDRESS, Kind.CHANGED, tuple(one)) for one in pair)
    assert fingerprint(first, key=KEY) == fingerprint(second, key=KEY)


@given(values, values)
def test_equal_bytes_mean_equal_values(left: Value, right: Value) -> None:
    if canonical_bytes(left) == canonical_bytes(right):
        assert left == right


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_means_nothing(pairs: dict[str, int]) -> None:
    forward: Value = dict(pairs.items())
    backward: Value = dict(reversed(pairs.items()))
    assert canonical_bytes(forward) == canonical_bytes(backward)


@pytest.mark.parametrize(
    "same", [(1, 1.0, Decimal("1.00")), (0, 0.0, -0.0, Decimal("0E5")), (1000, Decimal("1E3"))]
)
def test_numbers_are_compared_as_numbers(same: tuple[Value, ...]) -> None:
    assert len({canonical_bytes(value) for value in same}) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (2**100, 2**100 + 1),
        (Decimal("0.1000000000000000000000000000001"), Decimal("0.1")),
        (True, 1),
        ("1", 1),
        (None, ""),
        (["a", "b"], ["ab"]),
        ({"a": None}, {}),
        (Sensitive("x"), "x"),
        (1, -1),
    ],
)
def test_what_differs_stays_different(left: Value, right: Value) -> None:
    assert canonical_bytes(left) != canonical_bytes(right)


BASE = Change(AttributePath("size"), 1, 1, 2, Origin.OUT_OF_BAND)


def of(change: Change, *, key: bytes = KEY, address: str = "a.b", kind: Kind = Kind.CHANGED) -> str:
    return fingerprint(Identity(ResourceAddress(address), kind, (change,)), key=key)


def test_each_part_of_a_drift_counts() -> None:
    others = {
        of(replace(BASE, live=3)),
        of(replace(BASE, recorded=0)),
        of(replace(BASE, path=AttributePath("sizes"))),
        of(BASE, address="a.c"),
        of(BASE, kind=Kind.MISSING),
        of(BASE, key=b"other" * 7),
    }
    assert len(others) == 6
    assert of(BASE) not in others


def test_the_declaration_counts_only_where_it_makes_the_difference() -> None:
    assert of(BASE) == of(replace(BASE, declared=7))
    waiting = replace(BASE, origin=Origin.UNAPPLIED)
    assert of(waiting) != of(replace(waiting, declared=7))


def test_no_value_is_in_a_fingerprint_nor_in_a_digest() -> None:
    secret = "hunter2-hunter2"
    told = of(replace(BASE, live=secret)) + value_digest(secret, key=KEY)
    assert secret not in json.dumps(told)
    assert value_digest(secret, key=KEY) != value_digest(secret, key=b"x" * 32)
