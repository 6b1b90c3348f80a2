"""Generated schemas and values that fit them."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from iac_adapters.terraform.cty import (
    CtyType,
    ListOf,
    MapOf,
    ObjectOf,
    Primitive,
    SetOf,
    TupleOf,
)
from iac_adapters.terraform.schema import (
    Attribute,
    Block,
    NestedAttributes,
    NestedBlock,
    Nesting,
    ResourceSchema,
)
from reconciler.domain.values import UNKNOWN

# Nothing here is about time, and the machine may be busy with other things.
LAWS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_NAMES = st.sampled_from(["a", "b", "c", "d"])
_KEYS = st.sampled_from(["k", "key.dot", "ü", ""])
_PRIMITIVES = st.sampled_from([Primitive.STRING, Primitive.NUMBER, Primitive.BOOL])

TYPES: st.SearchStrategy[CtyType] = st.recursive(
    _PRIMITIVES,
    lambda inner: st.one_of(
        inner.map(ListOf),
        inner.map(SetOf),
        inner.map(MapOf),
        st.lists(inner, max_size=3).map(lambda e: TupleOf(tuple(e))),
        st.dictionaries(_NAMES, inner, max_size=3).map(ObjectOf),
    ),
    max_leaves=4,
)


@st.composite
def attributes(draw: st.DrawFn, *, depth: int = 1) -> Attribute:
    mode = draw(st.sampled_from(["required", "optional", "computed", "both", "write_only"]))
    flags: dict[str, Any] = {
        "required": mode == "required",
        "optional": mode in ("optional", "both", "write_only"),
        "computed": mode in ("computed", "both"),
        "sensitive": draw(st.booleans()),
        "write_only": mode == "write_only",
    }
    if depth and draw(st.integers(0, 3)) == 0:
        inner = Block(draw(st.dictionaries(_NAMES, attributes(depth=depth - 1), max_size=3)))
        nesting = draw(st.sampled_from([Nesting.SINGLE, Nesting.LIST, Nesting.SET, Nesting.MAP]))
        return Attribute(None, NestedAttributes(nesting, inner), **flags)
    cty_type = draw(st.one_of(TYPES, st.just(Primitive.DYNAMIC)))
    return Attribute(cty_type, **flags)


@st.composite
def blocks(draw: st.DrawFn, *, depth: int = 2) -> Block:
    own = draw(st.dictionaries(_NAMES, attributes(), max_size=4))
    if not depth:
        return Block(own)
    names = st.sampled_from(["block_x", "block_y"])
    nested = st.builds(NestedBlock, st.sampled_from(list(Nesting)), blocks(depth=depth - 1))
    return Block(own, draw(st.dictionaries(names, nested, max_size=2)))


SCHEMAS: st.SearchStrategy[ResourceSchema] = st.builds(ResourceSchema, st.integers(0, 3), blocks())

_NUMBERS = st.one_of(
    st.integers(-(2**80), 2**80),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.just(Decimal("12345678901234567890.123456789")),
)
_DYNAMIC: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.booleans(), _NUMBERS, st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=4,
)


def values(cty_type: CtyType, *, unknown: bool = True) -> st.SearchStrategy[Any]:
    """Values of a type, null and (when `unknown`) unknown ones among them."""
    others = [st.none(), st.just(UNKNOWN)] if unknown else [st.none()]
    return st.one_of(*others, _known(cty_type, unknown=unknown))


def _known(cty_type: CtyType, *, unknown: bool) -> st.SearchStrategy[Any]:
    match cty_type:
        case Primitive.STRING:
            return st.text(max_size=4)
        case Primitive.NUMBER:
            return _NUMBERS
        case Primitive.BOOL:
            return st.booleans()
        case Primitive.DYNAMIC:
            return _DYNAMIC
        case ListOf(element):
            return st.lists(values(element, unknown=unknown), max_size=3)
        case SetOf(element):
            # A null element cannot be told from one that is not there.
            present = _known(element, unknown=unknown)
            whole = st.one_of(present, st.just(UNKNOWN)) if unknown else present
            return st.lists(whole, max_size=3)
        case MapOf(element):
            return st.dictionaries(_KEYS, values(element, unknown=unknown), max_size=3)
        case TupleOf(elements):
            inner = [values(element, unknown=unknown) for element in elements]
            return st.tuples(*inner).map(list)
        case ObjectOf(named):
            fixed = {name: values(inner, unknown=unknown) for name, inner in named.items()}
            return st.fixed_dictionaries(fixed)


@st.composite
def schema_and_value(draw: st.DrawFn, *, unknown: bool = True) -> tuple[ResourceSchema, Any]:
    schema = draw(SCHEMAS)
    return schema, draw(_known(schema.type, unknown=unknown))


@st.composite
def schema_and_two_values(draw: st.DrawFn) -> tuple[ResourceSchema, Any, Any]:
    schema = draw(SCHEMAS)
    fitting = _known(schema.type, unknown=False)
    return schema, draw(fitting), draw(fitting)


@st.composite
def schema_and_three_values(
    draw: st.DrawFn, *, unknown: bool = False
) -> tuple[ResourceSchema, Any, Any, Any]:
    """A schema, and three objects of it; `unknown` says whether the first has unknown places."""
    schema = draw(SCHEMAS)
    fitting = _known(schema.type, unknown=False)
    first = _known(schema.type, unknown=True) if unknown else fitting
    return schema, draw(first), draw(fitting), draw(fitting)


def shuffled(value: Any, cty_type: CtyType | None, chance: Random) -> Any:
    """Return `value` with the elements of each set in another order, at any depth."""
    match cty_type, value:
        case ((SetOf(element) | ListOf(element)), list()):
            items = [shuffled(item, element, chance) for item in value]
            if isinstance(cty_type, SetOf):
                chance.shuffle(items)
            return items
        case TupleOf(elements), list():
            pairs = zip(value, elements, strict=True)
            return [shuffled(item, inner, chance) for item, inner in pairs]
        case MapOf(element), dict():
            return {key: shuffled(item, element, chance) for key, item in value.items()}
        case ObjectOf(named), dict():
            return {key: shuffled(item, named.get(key), chance) for key, item in value.items()}
        case _:
            return value
