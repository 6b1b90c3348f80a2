"""What a provider says of one resource type: attributes, blocks and their flags.

One type is decoded at a time; a provider's whole schema may hold 1,500 of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from google.protobuf.message import DecodeError

from iac_adapters.terraform.cty import (
    CtyType,
    ListOf,
    MapOf,
    ObjectOf,
    Primitive,
    SetOf,
    is_set_at,
    parse_type,
    type_at,
)
from iac_adapters.terraform.messages import message
from reconciler.domain.errors import PermanentError
from reconciler.domain.paths import Steps


class Nesting(IntEnum):
    """How often a block or a nested attribute may stand, and under what."""

    SINGLE = 1
    LIST = 2
    SET = 3
    MAP = 4
    GROUP = 5

    @property
    def many(self) -> bool:
        """Whether an index or a key leads to one of several."""
        return self in (Nesting.LIST, Nesting.SET, Nesting.MAP)


@dataclass(frozen=True, slots=True)
class Nested:
    """Attributes below an attribute (protocol 6), or a block below a block."""

    nesting: Nesting
    block: Block


@dataclass(frozen=True, slots=True)
class NestedBlock(Nested):
    """A block below a block; `max_items` 0 means any number."""

    min_items: int = 0
    max_items: int = 0


@dataclass(frozen=True, slots=True)
class NestedAttributes(Nested):
    """What an attribute holds when it has attributes of its own."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: either `type` or `nested` says what it holds."""

    type: CtyType | None
    nested: NestedAttributes | None = None
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    write_only: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Attributes and blocks by name."""

    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    blocks: Mapping[str, NestedBlock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceSchema:
    """One resource type. `type` is the object type of its values, blocks included."""

    version: int
    block: Block
    type: ObjectOf = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", object_type(self.block))

    @classmethod
    def parse(cls, raw: bytes, *, protocol: int) -> ResourceSchema:
        """Decode one entry of a provider's schema answer.

        Raises:
            PermanentError: `raw` is no schema of that protocol.
        """
        try:
            decoded = message("Schema5" if protocol == 5 else "Schema").FromString(raw)  # noqa: PLR2004
            return cls(version=decoded.version, block=_block(decoded.block))
        except (DecodeError, ValueError) as error:
            text = f"a provider's schema cannot be read: {error}"
            raise PermanentError(text, remedy="check the version of the provider") from error

    def type_at(self, steps: Steps) -> CtyType | None:
        """Return the type at a path, or None where the schema does not say."""
        return type_at(self.type, steps)

    def is_set(self, steps: Steps) -> bool:
        """Whether the path leads to a set, whose order means nothing."""
        return is_set_at(self.type, steps)

    def is_computed_alone(self, steps: Steps) -> bool:
        """Whether the provider alone decides what stands at a path."""
        along = [attribute for _, attribute in self.attributes_along(steps)]
        return bool(along) and along[-1].computed and not along[-1].optional

    def is_computed(self, steps: Steps) -> bool:
        """Whether the provider decides what stands at a path where the code says nothing."""
        along = [attribute for _, attribute in self.attributes_along(steps)]
        return bool(along) and along[-1].computed

    def attributes_along(self, steps: Steps) -> Iterator[tuple[int, Attribute]]:
        """Yield each attribute on the way down, with the number of steps that led to it."""
        block: Block = self.block
        position = 0
        while position < len(steps):
            name = str(steps[position])
            position += 1
            attribute = block.attributes.get(name)
            if attribute is not None:
                yield position, attribute
            nested = attribute.nested if attribute is not None else block.blocks.get(name)
            if nested is None:
                return
            position += nested.nesting.many
            block = nested.block


def object_type(block: Block) -> ObjectOf:
    """Return the type of a block's values."""
    types: dict[str, CtyType] = {}
    for name, attribute in block.attributes.items():
        types[name] = (
            nested_type(attribute.nested)
            if attribute.nested is not None
            else attribute.type or Primitive.DYNAMIC
        )
    for name, nested in block.blocks.items():
        types[name] = nested_type(nested)
    return ObjectOf(MappingProxyType(dict(sorted(types.items()))))


def nested_type(nested: Nested) -> CtyType:
    """Return the type of what stands under a nested block's or attribute's name."""
    inner = object_type(nested.block)
    match nested.nesting:
        case Nesting.LIST:
            return ListOf(inner)
        case Nesting.SET:
            return SetOf(inner)
        case Nesting.MAP:
            return MapOf(inner)
        case _:
            return inner


def _block(decoded: Any) -> Block:
    return Block(
        attributes=_attributes(decoded.attributes),
        blocks=MappingProxyType({b.type_name: _nested_block(b) for b in decoded.block_types}),
    )


def _attributes(decoded: Any) -> Mapping[str, Attribute]:
    return MappingProxyType({attribute.name: _attribute(attribute) for attribute in decoded})


def _attribute(decoded: Any) -> Attribute:
    return Attribute(
        type=parse_type(decoded.type) if decoded.type else None,
        nested=_nested_attributes(decoded),
        required=decoded.required,
        optional=decoded.optional,
        computed=decoded.computed,
        sensitive=decoded.sensitive,
        write_only=decoded.write_only,
    )


def _nested_attributes(decoded: Any) -> NestedAttributes | None:
    if "nested_type" not in decoded.DESCRIPTOR.fields_by_name:
        return None
    if not decoded.HasField("nested_type"):
        return None
    inner = decoded.nested_type
    return NestedAttributes(Nesting(inner.nesting), Block(_attributes(inner.attributes)))


def _nested_block(decoded: Any) -> NestedBlock:
    return NestedBlock(
        nesting=Nesting(decoded.nesting),
        block=_block(decoded.block),
        min_items=decoded.min_items,
        max_items=decoded.max_items,
    )
