"""Property paths as programs, providers and states write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.property_paths import covered, leads_to, parse_property_path
from reconciler.domain.paths import Steps, render_path

KEYS = st.text(max_size=6).filter(lambda key: key != "*")
STEPS = st.lists(KEYS | st.integers(0, 99), min_size=1, max_size=4).map(tuple)


@given(STEPS)
def test_what_we_print_is_read_back(steps: Steps) -> None:
    assert parse_property_path(render_path(steps)) == steps


@pytest.mark.parametrize(
    ("text", "steps"),
    [  # the examples of ParsePropertyPath itself
        ("root", ("root",)),
        ("root.nested", ("root", "nested")),
        ('root["nested"]', ("root", "nested")),
        ("root.double.nest", ("root", "double", "nest")),
        ('root["double"].nest', ("root", "double", "nest")),
        ('root["double"]["nest"]', ("root", "double", "nest")),
        ("root.array[0]", ("root", "array", 0)),
        ("root.array[100]", ("root", "array", 100)),
        ("root.array[0].nested", ("root", "array", 0, "nested")),
        ("root.array[0][1].nested", ("root", "array", 0, 1, "nested")),
        ('root.nested.array[0].double[1]["a"]', ("root", "nested", "array", 0, "double", 1, "a")),
        ('root["key with \\"escaped\\" quotes"]', ("root", 'key with "escaped" quotes')),
        ('root["key with a ."]', ("root", "key with a .")),
        (
            '["root key with \\"escaped\\" quotes"].nested',
            ('root key with "escaped" quotes', "nested"),
        ),
        ('["root key with a ."][100]', ("root key with a .", 100)),
        ("root.array[*].field", ("root", "array", "*", "field")),
        ('root.array["*"].field', ("root", "array", "*", "field")),
        ("tags.kubernetes-io/role", ("tags", "kubernetes-io/role")),
        ("", ()),
    ],
)
def test_paths_are_read_as_the_engine_reads_them(text: str, steps: Steps) -> None:
    assert parse_property_path(text) == steps


@given(st.text(alphabet='ab.[]"*\\0', max_size=12))
def test_any_text_is_read_to_some_end(text: str) -> None:
    assert all(isinstance(step, str | int) for step in parse_property_path(text))


@pytest.mark.parametrize(
    ("path", "place", "leads", "reason"),
    [
        ("tags", ("tags", "team"), True, "what lies below is meant as well"),
        ("tags.team", ("tags", "team"), True, "the very place"),
        ("tags.team", ("tags",), False, "what lies around it is not"),
        ("tags.team", ("tags", "owner"), False, "another key"),
        ("tags.team", ("tagsAll", "team"), False, "another property"),
        ("rules[*].port", ("rules", 3, "port"), True, "each element"),
        ("rules[*].port", ("rules", 3, "cidr"), False, "of each element only that"),
        ("rules[1]", ("rules", 1, "port"), True, "one element"),
        ("rules[1]", ("rules", 2, "port"), False, "another element"),
        ("rules[1]", ("rules", "1"), False, "an index is no key"),
        ("*", ("anything", "below"), True, "everything"),
    ],
)
def test_where_a_path_leads(path: str, place: Any, *, leads: bool, reason: str) -> None:
    steps = parse_property_path(path)
    assert leads_to(steps, place) is leads, reason
    assert covered(place, [("other",), steps]) is leads, reason


@given(STEPS, STEPS)
def test_every_path_leads_to_itself_and_below(steps: Steps, more: Steps) -> None:
    assert leads_to(steps, (*steps, *more))
    assert not leads_to((*steps, *more), steps)
    assert covered(steps, [steps])
    assert not covered(steps, [])
