"""The types of Terraform values, as a schema names them in JSON.

Source: docs/plugin-protocol/object-wire-format.md of Terraform; JSON form of cty types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias, assert_never


class Primitive(StrEnum):
    """A type without parts; `DYNAMIC` travels with every value instead."""

    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class ListOf:
    """Elements of one type, in an order that counts."""

    element: CtyType


@dataclass(frozen=True, slots=True)
class SetOf:
    """Elements of one type, in no order."""

    element: CtyType


@dataclass(frozen=True, slots=True)
class MapOf:
    """Values of one type under any keys."""

    element: CtyType


@dataclass(frozen=True, slots=True)
class TupleOf:
    """So many elements, each of its own type."""

    elements: tuple[CtyType, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """Named attributes, each of its own type; `optional` ones may be left out."""

    attributes: Mapping[str, CtyType]
    optional: frozenset[str] = field(default=frozenset())

    def __hash__(self) -> int:
        return hash((frozenset(self.attributes.items()), self.optional))


CtyType: TypeAlias = "Primitive | ListOf | SetOf | MapOf | TupleOf | ObjectOf"


@cache  # a large provider's schema names some thousand types, a few dozen of them different
def parse_type(raw: bytes | str) -> CtyType:
    """Return the type that `raw` names in JSON, such as `["list","string"]`.

    Raises:
        ValueError: `raw` names no type.
    """
    return _type(json.loads(raw))


def _type(given: Any) -> CtyType:
    match given:
        case str():
            return Primitive(given)
        case ["list", element]:
            return ListOf(_type(element))
        case ["set", element]:
            return SetOf(_type(element))
        case ["map", element]:
            return MapOf(_type(element))
        case ["tuple", [*elements]]:
            return TupleOf(tuple(_type(element) for element in elements))
        case ["object", dict() as attributes, *rest]:
            types = {name: _type(inner) for name, inner in sorted(attributes.items())}
            return ObjectOf(MappingProxyType(types), frozenset(rest[0] if rest else ()))
        case _:
            message = f"not a type of a Terraform schema: {given!r}"
            raise ValueError(message)


def type_json(cty_type: CtyType) -> bytes:
    """Write a type as `parse_type` reads it, without blanks and with sorted names."""
    return json.dumps(_named(cty_type), separators=(",", ":"), ensure_ascii=False).encode()


def _named(cty_type: CtyType) -> Any:
    match cty_type:
        case Primitive():
            return cty_type.value
        case ListOf(element):
            return ["list", _named(element)]
        case SetOf(element):
            return ["set", _named(element)]
        case MapOf(element):
            return ["map", _named(element)]
        case TupleOf(elements):
            return ["tuple", [_named(element) for element in elements]]
        case ObjectOf(attributes, optional):
            named = {name: _named(inner) for name, inner in sorted(attributes.items())}
            return ["object", named, sorted(optional)] if optional else ["object", named]
        case _:
            assert_never(cty_type)


def child(cty_type: CtyType | None, step: str | int) -> CtyType | None:
    """Return the type one step down; None where nothing is known of it."""
    match cty_type:
        case ListOf(element) | SetOf(element) | MapOf(element):
            return element
        case TupleOf(elements):
            return elements[step] if isinstance(step, int) and step < len(elements) else None
        case ObjectOf(attributes):
            return attributes.get(step) if isinstance(step, str) else None
        case _:
            return None


def type_at(cty_type: CtyType | None, steps: Iterable[str | int]) -> CtyType | None:
    """Return the type at a path; None where nothing is known of it."""
    for step in steps:
        cty_type = child(cty_type, step)
    return cty_type


def is_set_at(cty_type: CtyType | None, steps: Iterable[str | int]) -> bool:
    """Whether the path leads to a set, whose order means nothing."""
    return isinstance(type_at(cty_type, steps), SetOf)
