"""Terraform values on the wire, and as the domain knows them.

Source: docs/plugin-protocol/object-wire-format.md of Terraform. What was decoded and is
encoded again means the same to the provider; equal values give equal bytes.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import msgpack

from iac_adapters.terraform.cty import (
    CtyType,
    ListOf,
    MapOf,
    ObjectOf,
    Primitive,
    SetOf,
    TupleOf,
    is_set_at,
    parse_type,
    type_json,
)
from iac_adapters.terraform.schema import Block, Nested, Nesting, ResourceSchema
from reconciler.domain.compare import in_order
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import UNKNOWN, Attributes, Unknown, Value

_UNKNOWN_ON_THE_WIRE: Final = msgpack.ExtType(0, b"\x00")
_INT64_DIGITS: Final = 19
_INT64: Final = 2**63
# Providers may put arbitrary bytes into strings; they must come back unharmed.
_TEXT_ERRORS: Final = "surrogateescape"


class DynamicList(list["Value"]):
    """A list that came with its own type, which is not the one its elements suggest."""

    def __init__(self, values: list[Value], cty_type: CtyType) -> None:
        super().__init__(values)
        self.cty_type = cty_type


class DynamicDict(dict[str, "Value"]):
    """A map that came with its own type, which is not the one its values suggest."""

    def __init__(self, values: dict[str, Value], cty_type: CtyType) -> None:
        super().__init__(values)
        self.cty_type = cty_type


def decode(data: bytes, schema: ResourceSchema) -> Attributes | None:
    """Return the object in `data` (msgpack); None for a null one.

    Blocks that may stand many times are never null: none of them is `[]` or `{}`.

    Raises:
        PermanentError: `data` does not fit `schema`.
    """
    try:
        raw = msgpack.unpackb(
            data,
            ext_hook=lambda _code, _data: UNKNOWN,
            strict_map_key=False,
            unicode_errors=_TEXT_ERRORS,
        )
        return _object(raw, schema)
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        # The error's own words may quote the value; its kind may not.
        text = f"a provider's answer does not fit its schema ({type(error).__name__})"
        raise PermanentError(text, remedy="check the version of the provider") from None


def decode_json(attributes: bytes, schema: ResourceSchema) -> Attributes | None:
    """Return the object that a state file holds as JSON; None for a null one.

    Raises:
        PermanentError: `attributes` do not fit `schema`.
    """
    try:
        return _object(json.loads(attributes, parse_float=Decimal), schema)
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        text = f"recorded attributes do not fit the schema ({type(error).__name__})"
        raise PermanentError(text, remedy="check the version of the provider") from None


def encode(value: Attributes | None, schema: ResourceSchema) -> bytes:
    """Write `value` as msgpack, with every attribute and block of the schema in it.

    Raises:
        PermanentError: `value` does not fit `schema`.
    """
    try:
        wire = None if value is None else _wire(with_blocks(schema.block, value), schema.type)
        packed: bytes = msgpack.packb(wire, unicode_errors=_TEXT_ERRORS)
    except (ValueError, TypeError, OverflowError) as error:
        text = f"a configuration does not fit its schema ({type(error).__name__})"
        raise PermanentError(text, remedy="check the version of the provider") from None
    return packed


def _object(raw: Any, schema: ResourceSchema) -> Attributes | None:
    if raw is None:
        return None
    decoded = _value(raw, schema.type)
    if not isinstance(decoded, dict):
        raise TypeError
    return with_blocks(schema.block, decoded)


def _value(raw: Any, cty_type: CtyType) -> Value:
    if raw is None:
        return None
    if isinstance(raw, Unknown | msgpack.Timestamp):
        return UNKNOWN
    match cty_type:
        case Primitive.NUMBER:
            return _number(raw)
        case Primitive.DYNAMIC:
            return _dynamic(raw)
        case Primitive():
            return _scalar(raw)
        case ListOf(element) | SetOf(element):
            return [_value(item, element) for item in raw]
        case MapOf(element):
            return {str(key): _value(item, element) for key, item in raw.items()}
        case TupleOf(elements):
            return [_value(item, inner) for item, inner in zip(raw, elements, strict=True)]
        case ObjectOf(attributes):
            return {name: _value(raw.get(name), inner) for name, inner in attributes.items()}


def _scalar(raw: Any) -> Value:
    if not isinstance(raw, str | bool):
        raise TypeError
    return raw


def _number(raw: Any) -> Value:
    if isinstance(raw, str):
        # Both "10" and "1.5e3" are exact; only the first is surely whole.
        return int(raw) if raw.lstrip("+-").isdigit() else Decimal(raw)
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return raw
    raise TypeError


def _dynamic(raw: Any) -> Value:
    # On the wire a pair, in a state file an object.
    given, inner = (raw["type"], raw["value"]) if isinstance(raw, dict) else raw
    cty_type = parse_type(given if isinstance(given, bytes) else json.dumps(given))
    # No schema tells of a set in here; without one order it would differ from itself.
    value = in_order(_value(inner, cty_type), lambda steps: is_set_at(cty_type, steps))
    if _inferred(value) == cty_type:
        return value
    if isinstance(value, list):
        return DynamicList(value, cty_type)
    if isinstance(value, dict):
        return DynamicDict(value, cty_type)
    return value


def _inferred(value: Value) -> CtyType:
    """Return the type HCL gives to a literal."""
    match value:
        case bool():
            return Primitive.BOOL
        case int() | float() | Decimal():
            return Primitive.NUMBER
        case str():
            return Primitive.STRING
        case DynamicList(cty_type=cty_type) | DynamicDict(cty_type=cty_type):
            return cty_type
        case list():
            return TupleOf(tuple(_inferred(item) for item in value))
        case dict():
            return ObjectOf({key: _inferred(item) for key, item in sorted(value.items())})
        case _:
            return Primitive.DYNAMIC


def _wire(value: Value, cty_type: CtyType) -> Any:
    if value is None:
        return None
    if isinstance(value, Unknown):
        return _UNKNOWN_ON_THE_WIRE
    match cty_type:
        case Primitive.DYNAMIC:
            inner = _inferred(value)
            return [type_json(inner), _wire(value, inner)]
        case Primitive():
            return _wire_scalar(value)
        case ListOf(element) | SetOf(element):
            return [_wire(item, element) for item in _as_list(value)]
        case MapOf(element):
            return {key: _wire(item, element) for key, item in sorted(_as_dict(value).items())}
        case TupleOf(elements):
            pairs = zip(_as_list(value), elements, strict=True)
            return [_wire(item, inner) for item, inner in pairs]
        case ObjectOf(attributes):
            known = _as_dict(value)
            return {name: _wire(known.get(name), inner) for name, inner in attributes.items()}


def _as_list(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _as_dict(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _wire_scalar(value: Value) -> Any:
    if isinstance(value, Decimal):
        # As go-cty writes it: a whole number that fits is an integer, however it was noted.
        whole = value.is_finite() and value.adjusted() < _INT64_DIGITS and value == int(value)
        return _wire_scalar(int(value)) if whole else str(value)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def with_blocks(block: Block, value: Attributes) -> Attributes:
    """Return `value` with every block present: a null block of many is an empty one."""
    if not block.blocks:
        return value
    return value | {
        name: _present(nested, value.get(name)) for name, nested in block.blocks.items()
    }


def _present(nested: Nested, value: Value) -> Value:
    match nested.nesting, value:
        case ((Nesting.LIST | Nesting.SET), None):
            return []
        case Nesting.MAP, None:
            return {}
        case Nesting.GROUP, None:
            return with_blocks(nested.block, dict.fromkeys(nested.block.attributes))
        case ((Nesting.LIST | Nesting.SET), list()):
            return [_each(nested.block, item) for item in value]
        case Nesting.MAP, dict():
            return {key: _each(nested.block, item) for key, item in value.items()}
        case _:
            return _each(nested.block, value)


def _each(block: Block, value: Value) -> Value:
    return with_blocks(block, value) if isinstance(value, dict) else value
