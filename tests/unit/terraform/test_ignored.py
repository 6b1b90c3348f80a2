from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from iac_adapters.terraform.cty import ListOf, MapOf, ObjectOf, Primitive, SetOf
from iac_adapters.terraform.ignored import (
    IgnoreRules,
    apply_ignored,
    null_write_only,
    revert_ignored,
)
from iac_adapters.terraform.schema import Attribute, Block, NestedBlock, Nesting, ResourceSchema
from iac_adapters.terraform.traversals import parse_ignore_changes
from iac_adapters.terraform.values import with_blocks
from reconciler.domain.paths import Steps
from reconciler.domain.values import UNKNOWN

from .schemas import LAWS, schema_and_value

_TEXT = Primitive.STRING
_DISK = Block({"size": Attribute(_TEXT), "name": Attribute(_TEXT), "key": Attribute(_TEXT)})
_SCHEMA = ResourceSchema(
    0,
    Block(
        {
            "name": Attribute(_TEXT),
            "tags": Attribute(MapOf(_TEXT)),
            "items": Attribute(ListOf(ObjectOf({"a": _TEXT}))),
            "zones": Attribute(SetOf(_TEXT)),
            "token": Attribute(_TEXT, write_only=True),
        },
        {"disk": NestedBlock(Nesting.LIST, _DISK), "rule": NestedBlock(Nesting.SET, _DISK)},
    ),
)


@pytest.mark.parametrize(
    ("path", "config", "live", "expected"),
    [
        (("name",), {"name": "c"}, {"name": "l"}, {"name": "l"}),
        (("name",), {"name": "c"}, {"name": None}, {"name": None}),
        (("tags",), {"tags": {"a": "c"}}, {"tags": None}, {"tags": None}),
        (("tags", "k"), {"tags": {"a": "c"}}, {"tags": {"k": "l"}}, {"tags": {"a": "c", "k": "l"}}),
        (("tags", "k"), {"tags": {"a": "c", "k": "c"}}, {"tags": {}}, {"tags": {"a": "c"}}),
        (("tags", "k"), {"tags": None}, {"tags": {"k": "l", "z": "l"}}, {"tags": {"k": "l"}}),
        (("tags", "k"), {"tags": None}, {"tags": {"z": "l"}}, {"tags": None}),
        (("tags", "k"), {"tags": {"k": "c"}}, {"tags": None}, {"tags": None}),
        (("tags", "k"), {"tags": {"k": "c"}}, {"tags": {}}, {"tags": {}}),
        (("tags", "k"), {"tags": UNKNOWN}, {"tags": {"k": "l"}}, {"tags": UNKNOWN}),
        (
            ("disk", 0, "size"),
            {"disk": [{"size": "c"}]},
            {"disk": [{"size": "l"}]},
            {"disk": [{"size": "l"}]},
        ),
        (
            ("disk", 1, "size"),
            {"disk": [{"size": "c"}]},
            {"disk": [{}, {}]},
            {"disk": [{"size": "c"}]},
        ),
        (("items", 0), {"items": [{"a": "c"}]}, {"items": [{"a": "l"}]}, {"items": [{"a": "l"}]}),
        (("items", 0, "a"), {"items": None}, {"items": [{"a": "l"}]}, {"items": None}),
        (("rule",), {"rule": []}, {"rule": [{"size": "l"}]}, {"rule": [{"size": "l"}]}),
        (
            ("rule", 0, "size"),
            {"rule": [{"size": "c"}]},
            {"rule": [{"size": "l"}]},
            {"rule": [{"size": "c"}]},
        ),
        (("absent", "x"), {"name": "c"}, {"name": "l"}, {"name": "c"}),
    ],
)
def test_ignored_places_are_as_they_are_live(
    path: Steps, config: Any, live: Any, expected: Any
) -> None:
    assert apply_ignored(_SCHEMA, config, live, IgnoreRules(paths=(path,))) == expected


def test_ignoring_all_makes_the_live_object_the_configuration() -> None:
    live: Any = {"name": "l"}
    assert apply_ignored(_SCHEMA, {"name": "c"}, live, IgnoreRules(all=True)) == live
    assert not IgnoreRules(all=True).nothing
    assert IgnoreRules().nothing


@LAWS
@given(schema_and_value(), schema_and_value())
def test_without_rules_nothing_is_touched(
    one: tuple[ResourceSchema, Any], other: tuple[ResourceSchema, Any]
) -> None:
    assert apply_ignored(one[0], one[1], other[1], IgnoreRules()) == one[1]


@LAWS
@given(schema_and_value(unknown=False))
def test_ignoring_every_attribute_is_taking_the_live_object(
    case: tuple[ResourceSchema, Any],
) -> None:
    schema, live = case
    config: Any = dict.fromkeys(live)
    paths = tuple((name,) for name in live)
    assert apply_ignored(schema, config, live, IgnoreRules(paths=paths)) == live


@pytest.mark.parametrize(
    ("written", "ignored"),
    [
        ('tags["a"]', True),
        ("tags.a", False),
        ("tags[0]", False),
        ("items.0.a", True),
        ('items[0]["a"]', True),
        ("disk.0.size", True),
    ],
)
def test_the_key_of_a_map_is_ignored_only_when_it_is_quoted(written: str, *, ignored: bool) -> None:
    config: Any = {"tags": {"a": "c", "0": "c"}, "items": [{"a": "c"}], "disk": [{"size": "c"}]}
    live: Any = {"tags": {"a": "l", "0": "l"}, "items": [{"a": "l"}], "disk": [{"size": "l"}]}
    rules = parse_ignore_changes(f"[{written}]")
    assert (apply_ignored(_SCHEMA, config, live, rules) != config) == ignored


def test_what_a_configuration_cannot_set_is_left_out_when_everything_is_ignored() -> None:
    inner = Block({"size": Attribute(_TEXT), "mark": Attribute(_TEXT, computed=True)})
    schema = ResourceSchema(
        0,
        Block(
            {
                "name": Attribute(_TEXT, optional=True, computed=True),
                "tags_all": Attribute(MapOf(_TEXT), computed=True),
            },
            {"disk": NestedBlock(Nesting.LIST, inner)},
        ),
    )
    live: Any = {"name": "l", "tags_all": {"a": "l"}, "disk": [{"size": "l", "mark": "l"}]}
    sent = apply_ignored(schema, {"name": "c"}, live, IgnoreRules(all=True))
    assert sent == {"name": "l", "tags_all": None, "disk": [{"size": "l", "mark": None}]}
    assert revert_ignored(schema, sent, live, IgnoreRules(all=True)) == live


def test_a_plan_gets_ignored_places_back_that_no_configuration_sets() -> None:
    planned: Any = {"name": "p", "tags": {"a": "p", "b": "p"}}
    live: Any = {"name": "l", "tags": {"a": "l"}}
    rules = IgnoreRules(paths=(("tags",),))
    assert revert_ignored(_SCHEMA, planned, live, rules) == {"name": "p", "tags": {"a": "l"}}


@pytest.mark.parametrize("ignored", [("disk",), ("disk", 0), ("disk", 0, "key")])
def test_a_default_that_a_plan_fills_into_an_ignored_block_is_taken_back(ignored: Steps) -> None:
    """Row U1: a provider of the old type system fills its schema's defaults in."""
    live: Any = {"name": "l", "disk": [{"size": "1", "name": "d", "key": None}]}
    planned: Any = {"name": "p", "disk": [{"size": "1", "name": "d", "key": "default"}]}
    reverted = revert_ignored(_SCHEMA, planned, live, IgnoreRules(paths=(ignored,)))
    assert reverted == {"name": "p", "disk": live["disk"]}


def test_write_only_values_go_wherever_they_are() -> None:
    secret = Block({"token": Attribute(_TEXT, write_only=True), "name": Attribute(_TEXT)})
    schema = ResourceSchema(
        0,
        Block(
            {"token": Attribute(_TEXT, write_only=True)},
            {"list": NestedBlock(Nesting.LIST, secret), "map": NestedBlock(Nesting.MAP, secret)},
        ),
    )
    value: Any = {
        "token": "hunter2",
        "list": [{"token": "hunter2", "name": "a"}],
        "map": {"k": {"token": "hunter2", "name": "b"}},
    }
    nulled = null_write_only(schema, with_blocks(schema.block, value))
    assert "hunter2" not in repr(nulled)
    assert nulled["list"] == [{"token": None, "name": "a"}]
    assert nulled["map"] == {"k": {"token": None, "name": "b"}}
