from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgpack
import pytest
from hypothesis import given

from iac_adapters.terraform.cty import CtyType, ListOf, MapOf, Primitive, SetOf
from iac_adapters.terraform.schema import Attribute, Block, NestedBlock, Nesting, ResourceSchema
from iac_adapters.terraform.values import decode, decode_json, encode, with_blocks
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import UNKNOWN

from .schemas import LAWS, schema_and_value


def _schema(cty_type: CtyType) -> ResourceSchema:
    return ResourceSchema(0, Block({"v": Attribute(cty_type)}))


def _wire(value: Any) -> bytes:
    packed: bytes = msgpack.packb({"v": value})
    return packed


@LAWS
@given(schema_and_value())
def test_what_is_encoded_is_decoded_again(case: tuple[ResourceSchema, Any]) -> None:
    schema, value = case
    value = with_blocks(schema.block, value)
    encoded = encode(value, schema)
    assert decode(encoded, schema) == value
    assert encode(decode(encoded, schema), schema) == encoded


@pytest.mark.parametrize(
    ("value", "written"),
    [("0", 0), ("-0", 0), ("1E+5", 100_000), ("9.0", 9), ("0.5", "0.5"), ("1E+30", "1E+30")],
)
def test_a_whole_decimal_travels_as_the_integer_it_is(value: str, written: Any) -> None:
    assert encode({"v": Decimal(value)}, _schema(Primitive.NUMBER)) == _wire(written)


@LAWS
@given(schema_and_value())
def test_every_attribute_and_block_travels(case: tuple[ResourceSchema, Any]) -> None:
    schema, _ = case
    sent = msgpack.unpackb(encode({}, schema))
    assert sent.keys() == schema.block.attributes.keys() | schema.block.blocks.keys()
    for name, block in schema.block.blocks.items():
        empty: dict[Nesting, Any] = {
            Nesting.LIST: [],
            Nesting.SET: [],
            Nesting.MAP: {},
            Nesting.SINGLE: None,
        }
        if block.nesting in empty:
            assert sent[name] == empty[block.nesting]
        else:
            assert sent[name].keys() == (block.block.attributes.keys() | block.block.blocks.keys())


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (7, 7),
        (0.5, 0.5),
        ("0.1", Decimal("0.1")),
        ("18446744073709551616", 2**64),
        ("-1", -1),
        ("1e400", Decimal("1e400")),
        (None, None),
        (msgpack.ExtType(0, b"\x00"), UNKNOWN),
        (msgpack.ExtType(12, b"\x81\x01\xc2"), UNKNOWN),
        (msgpack.ExtType(99, b""), UNKNOWN),
        (msgpack.Timestamp(1), UNKNOWN),
    ],
)
def test_numbers_and_unknowns(wire: Any, expected: Any) -> None:
    decoded = decode(_wire(wire), _schema(Primitive.NUMBER))
    assert decoded == {"v": expected}
    assert decoded is not None
    assert type(decoded["v"]) is type(expected)


@pytest.mark.parametrize(
    ("type_json", "wire"),
    [
        (b'["list","string"]', ["a"]),
        (b'["set","number"]', [1, 2]),
        (b'["map","string"]', {"k": "v"}),
        (b'["object",{"k":["tuple",["bool"]]}]', {"k": [True]}),
        (b'["object",{"k":["map","string"]}]', {"k": {}}),
        (b'"string"', "x"),
    ],
)
def test_a_dynamic_value_keeps_the_type_it_came_with(type_json: bytes, wire: Any) -> None:
    schema = _schema(Primitive.DYNAMIC)
    data = _wire([type_json, wire])
    assert decode(data, schema) == {"v": wire}
    assert encode(decode(data, schema), schema) == data


def test_a_null_object_is_none_both_ways() -> None:
    assert decode(b"\xc0", _schema(Primitive.BOOL)) is None
    assert encode(None, _schema(Primitive.BOOL)) == b"\xc0"


def test_text_that_is_no_unicode_comes_back_unharmed() -> None:
    data = b"\x81\xa1v\xa2\xff\xfe"
    schema = _schema(Primitive.STRING)
    assert encode(decode(data, schema), schema) == data


def test_state_json_is_exact() -> None:
    decoded = decode_json(
        b'{"v": [0.1, 123456789012345678901234567890, 2]}', _schema(ListOf(Primitive.NUMBER))
    )
    assert decoded == {"v": [Decimal("0.1"), 123456789012345678901234567890, 2]}
    dynamic = decode_json(
        b'{"v": {"type": ["map", "string"], "value": {"a": "b"}}}', _schema(Primitive.DYNAMIC)
    )
    assert encode(dynamic, _schema(Primitive.DYNAMIC)) == _wire([b'["map","string"]', {"a": "b"}])


def test_a_null_block_of_many_is_an_empty_one() -> None:
    block = NestedBlock(Nesting.SET, Block({"a": Attribute(Primitive.BOOL)}))
    schema = ResourceSchema(0, Block({}, {"rule": block}))
    assert decode(msgpack.packb({"rule": None}), schema) == {"rule": []}


@pytest.mark.parametrize(
    ("cty_type", "wire"),
    [
        (Primitive.NUMBER, "hunter2"),
        (Primitive.NUMBER, True),
        (Primitive.STRING, 5),
        (SetOf(Primitive.STRING), 5),
        (MapOf(Primitive.STRING), "hunter2"),
        (Primitive.DYNAMIC, "hunter2"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_without_quoting_it(
    cty_type: CtyType, wire: Any
) -> None:
    with pytest.raises(PermanentError) as refused:
        decode(_wire(wire), _schema(cty_type))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_value_that_does_not_fit_is_refused_without_quoting_it() -> None:
    with pytest.raises(PermanentError) as refused:
        encode({"v": "hunter2"}, _schema(SetOf(Primitive.STRING)))
    assert "hunter2" not in str(refused.value)
