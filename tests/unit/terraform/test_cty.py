from __future__ import annotations

import pytest

from iac_adapters.terraform.cty import (
    CtyType,
    ListOf,
    MapOf,
    ObjectOf,
    Primitive,
    SetOf,
    TupleOf,
    child,
    parse_type,
    type_json,
)

_CASES: list[tuple[bytes, CtyType]] = [
    (b'"string"', Primitive.STRING),
    (b'"dynamic"', Primitive.DYNAMIC),
    (b'["list","number"]', ListOf(Primitive.NUMBER)),
    (b'["set",["list","bool"]]', SetOf(ListOf(Primitive.BOOL))),
    (b'["map","string"]', MapOf(Primitive.STRING)),
    (b'["tuple",["string","bool"]]', TupleOf((Primitive.STRING, Primitive.BOOL))),
    (b'["object",{"a":"string"}]', ObjectOf({"a": Primitive.STRING})),
    (
        b'["object",{"a":"string","b":"bool"},["b"]]',
        ObjectOf({"a": Primitive.STRING, "b": Primitive.BOOL}, frozenset({"b"})),
    ),
]


@pytest.mark.parametrize(("raw", "expected"), _CASES)
def test_types_are_read_and_written(raw: bytes, expected: CtyType) -> None:
    assert parse_type(raw) == expected
    assert type_json(expected) == raw
    assert hash(parse_type(raw)) == hash(expected)


@pytest.mark.parametrize("raw", [b'"text"', b"[]", b'["list"]', b"{}", b"3", b"nonsense"])
def test_what_is_no_type_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_type(raw)


def test_a_step_leads_to_the_inner_type() -> None:
    objects = parse_type(b'["list",["object",{"a":["map","bool"]}]]')
    assert child(child(child(objects, 3), "a"), "any") is Primitive.BOOL
    assert child(objects, "a") == ObjectOf({"a": MapOf(Primitive.BOOL)})
    assert child(Primitive.STRING, "a") is None
    assert child(TupleOf((Primitive.BOOL,)), 1) is None
