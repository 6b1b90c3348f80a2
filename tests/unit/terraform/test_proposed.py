from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.terraform.cty import ListOf, Primitive, SetOf
from iac_adapters.terraform.ignored import null_write_only
from iac_adapters.terraform.proposed import proposed_new
from iac_adapters.terraform.schema import (
    Attribute,
    Block,
    NestedAttributes,
    NestedBlock,
    Nesting,
    ResourceSchema,
)
from iac_adapters.terraform.values import with_blocks
from reconciler.domain.compare import same
from reconciler.domain.values import UNKNOWN

from .schemas import LAWS, schema_and_value

_TEXT = Primitive.STRING
_OPTIONAL = Attribute(_TEXT, optional=True)
_COMPUTED = Attribute(_TEXT, computed=True)
_BOTH = Attribute(_TEXT, optional=True, computed=True)
_RULE = Block({"name": Attribute(_TEXT, required=True), "id": _COMPUTED, "size": _BOTH})


def _schema(**parts: Any) -> ResourceSchema:
    attributes = {k: v for k, v in parts.items() if isinstance(v, Attribute)}
    return ResourceSchema(
        0, Block(attributes, {k: v for k, v in parts.items() if k not in attributes})
    )


@LAWS
@given(schema_and_value(unknown=False))
def test_what_is_there_as_configuration_proposes_itself(case: tuple[ResourceSchema, Any]) -> None:
    schema, prior = case
    prior = null_write_only(schema, with_blocks(schema.block, prior))
    proposed = proposed_new(schema, prior, prior)
    assert same(proposed, prior)
    assert same(proposed_new(schema, proposed, prior), proposed)


def test_the_provider_keeps_what_nobody_configured() -> None:
    schema = _schema(o=_OPTIONAL, c=_COMPUTED, b=_BOTH, w=Attribute(_TEXT, write_only=True))
    prior: Any = {"o": "1", "c": "2", "b": "3", "w": None}
    nothing: Any = {"o": None, "c": None, "b": None, "w": "secret"}
    assert proposed_new(schema, prior, nothing) == {"o": None, "c": "2", "b": "3", "w": None}
    configured: Any = {"o": "x", "c": None, "b": "y", "w": None}
    assert proposed_new(schema, prior, configured) == {"o": "x", "c": "2", "b": "y", "w": None}


def test_of_a_new_object_the_provider_alone_knows_what_it_chooses() -> None:
    schema = _schema(o=_OPTIONAL, c=_COMPUTED, b=_BOTH)
    proposed = proposed_new(schema, None, {"o": None, "c": None, "b": "mine"})
    assert proposed == {"o": None, "c": UNKNOWN, "b": "mine"}


def test_list_blocks_meet_by_index_and_map_blocks_by_key() -> None:
    listed = _schema(rule=NestedBlock(Nesting.LIST, _RULE))
    prior: Any = {"rule": [{"name": "a", "id": "1", "size": "s"}]}
    config: Any = {"rule": [{"name": "x"}, {"name": "b"}]}
    assert proposed_new(listed, prior, config) == {
        "rule": [
            {"name": "x", "id": "1", "size": "s"},
            {"name": "b", "id": None, "size": None},
        ]
    }
    mapped = _schema(rule=NestedBlock(Nesting.MAP, _RULE))
    by_key: Any = {"rule": {"k": {"name": "a", "id": "1", "size": "s"}}}
    wanted: Any = {"rule": {"k": {"name": "z"}}}
    assert proposed_new(mapped, by_key, wanted) == {
        "rule": {"k": {"name": "z", "id": "1", "size": "s"}}
    }


def test_set_blocks_meet_by_what_was_configured_each_once() -> None:
    schema = _schema(rule=NestedBlock(Nesting.SET, _RULE))
    prior: Any = {
        "rule": [
            {"name": "a", "id": "1", "size": "s"},
            {"name": "a", "id": "2", "size": "m"},
            {"name": "b", "id": "3", "size": "l"},
        ]
    }
    config: Any = {
        "rule": [{"name": "b"}, {"name": "a", "size": "m"}, {"name": "a"}, {"name": "a"}]
    }
    assert proposed_new(schema, prior, config) == {
        "rule": [
            {"name": "b", "id": "3", "size": "l"},
            {"name": "a", "id": "2", "size": "m"},
            {"name": "a", "id": "1", "size": "s"},
            {"name": "a", "id": None, "size": None},
        ]
    }


def test_an_attribute_with_attributes_that_was_configured_is_not_kept() -> None:
    inner = Block({"name": _OPTIONAL, "id": _COMPUTED})
    servers = Attribute(None, NestedAttributes(Nesting.LIST, inner), optional=True, computed=True)
    schema = _schema(servers=servers)
    configured: Any = {"servers": [{"name": "a", "id": "1"}]}
    chosen: Any = {"servers": [{"name": None, "id": "1"}]}
    assert proposed_new(schema, configured, {"servers": None}) == {"servers": None}
    assert proposed_new(schema, chosen, {"servers": None}) == chosen
    assert proposed_new(schema, configured, {"servers": [{"name": "a", "id": None}]}) == configured


def test_sets_inside_set_elements_have_no_order_either() -> None:
    block = Block({"names": Attribute(SetOf(_TEXT), optional=True), "id": _COMPUTED})
    schema = _schema(rule=NestedBlock(Nesting.SET, block))
    prior: Any = {"rule": [{"names": ["a", "b"], "id": "1"}]}
    config: Any = {"rule": [{"names": ["b", "a"]}]}
    assert proposed_new(schema, prior, config) == {"rule": [{"names": ["b", "a"], "id": "1"}]}


@LAWS
@given(st.lists(st.text(max_size=2), max_size=3))
def test_unknown_blocks_travel_as_they_are(names: list[str]) -> None:
    schema = _schema(rule=NestedBlock(Nesting.SET, _RULE), l=Attribute(ListOf(_TEXT)))
    proposed = proposed_new(schema, {"rule": [], "l": None}, {"rule": UNKNOWN, "l": [*names]})
    assert proposed == {"rule": UNKNOWN, "l": names}
