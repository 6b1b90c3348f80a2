from __future__ import annotations

import pytest

from iac_adapters.terraform.cty import ListOf, ObjectOf, Primitive, SetOf
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.schema import Nesting, ResourceSchema
from reconciler.domain.errors import PermanentError


def _protocol_5() -> bytes:
    schema = message("Schema5")(version=3)
    schema.block.attributes.add(name="id", type=b'"string"', computed=True)
    schema.block.attributes.add(name="secret", type=b'"string"', optional=True, write_only=True)
    rule = schema.block.block_types.add(type_name="rule", nesting=3, min_items=1, max_items=4)
    rule.block.attributes.add(name="token", type=b'["map","string"]', sensitive=True)
    return bytes(schema.SerializeToString())


def _protocol_6() -> bytes:
    schema = message("Schema")(version=1)
    server = schema.block.attributes.add(name="servers", optional=True, computed=True)
    server.nested_type.nesting = 2
    server.nested_type.attributes.add(name="port", type=b'"number"', required=True)
    server.nested_type.attributes.add(name="key", type=b'"string"', optional=True, write_only=True)
    return bytes(schema.SerializeToString())


def test_protocol_5() -> None:
    schema = ResourceSchema.parse(_protocol_5(), protocol=5)
    assert schema.version == 3
    assert schema.block.attributes["id"].computed
    assert schema.block.attributes["secret"].write_only
    rule = schema.block.blocks["rule"]
    assert (rule.nesting, rule.min_items, rule.max_items) == (Nesting.SET, 1, 4)
    assert isinstance(schema.type.attributes["rule"], SetOf)
    assert schema.is_set(("rule",))
    assert not schema.is_set(("rule", 0))
    assert schema.type_at(("rule", 0, "token", "k")) is Primitive.STRING


def test_protocol_6_has_nested_attributes_where_5_has_a_flag() -> None:
    schema = ResourceSchema.parse(_protocol_6(), protocol=6)
    servers = schema.block.attributes["servers"]
    assert servers.nested is not None
    assert servers.type is None
    assert not servers.write_only
    assert servers.nested.nesting is Nesting.LIST
    assert servers.nested.block.attributes["key"].write_only
    expected = ListOf(ObjectOf({"key": Primitive.STRING, "port": Primitive.NUMBER}))
    assert schema.type_at(("servers",)) == expected


def test_attributes_along_a_path_say_how_far_they_reach() -> None:
    block = ResourceSchema.parse(_protocol_5(), protocol=5)
    along = list(block.attributes_along(("rule", 0, "token", "k")))
    assert [(depth, attribute.sensitive) for depth, attribute in along] == [(3, True)]
    nested = ResourceSchema.parse(_protocol_6(), protocol=6)
    assert [d for d, _ in nested.attributes_along(("servers", 1, "port"))] == [1, 3]
    assert list(nested.attributes_along(("absent", "x"))) == []


def test_what_is_no_schema_is_refused_by_name() -> None:
    broken = message("Schema5")()
    broken.block.attributes.add(name="a", type=b"nonsense")
    for raw in (b"\xff\xff\xff", bytes(broken.SerializeToString())):
        with pytest.raises(PermanentError, match="schema cannot be read"):
            ResourceSchema.parse(raw, protocol=5)
