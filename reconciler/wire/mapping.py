"""Between a value of the domain and its wire model: field by field, by name.

A field that both have needs no line anywhere. What differs in name or shape is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum, IntEnum
from typing import Any, TypeVar, cast, get_origin

from reconciler.wire.model import Wire, all_of, hints_of, names_of, present, remembered

T = TypeVar("T")
D = TypeVar("D")
Convert = Callable[[Any], Any]


def shown(model: type[T], record: object, **given: Any) -> T:
    """Return `record` as `model`; `given` fields are taken as they are."""
    names, values_of, others = _outward(model, type(record), tuple(given))
    made = dict(zip(names, values_of(record), strict=True))
    for name in others:
        made[name] = outward(made[name])
    return model(**made, **given)


def stated(record: D, body: Wire, **given: Any) -> D:
    """Return `record` with every field that `body` has too; `given` fields are set as well."""
    inward = _inward(type(record))
    known = {
        name: inward[name](getattr(body, name))
        for name in names_of(type(body))
        if name in inward and name not in given
    }
    return cast("D", replace(cast("Any", record), **known, **given))


def outward(value: Any) -> Any:
    """Return a plain value of the domain as wire models hold it: enumerations as their words."""
    if isinstance(value, tuple):
        return [outward(item) for item in value]
    if isinstance(value, IntEnum):  # a severity, whose number is only an order
        return value.name.lower()
    return value.value if isinstance(value, Enum) else value


@remembered
def _outward(
    model: type, cls: type, given: tuple[str, ...]
) -> tuple[list[str], Callable[[Any], tuple[Any, ...]], list[str]]:
    """Return the fields to take, what takes them, and which of them need a conversion."""
    names = [name for name in names_of(model) if name not in given]
    hints = hints_of(cls)
    return names, all_of(names), [name for name in names if not _is_same(present(hints[name]))]


def _is_same(kind: Any) -> bool:
    # Names of ids (NewType) and objects that are JSON already are no classes.
    if not isinstance(kind, type):
        return get_origin(kind) is not tuple
    return not issubclass(kind, Enum)


@remembered
def _inward(cls: type) -> dict[str, Convert]:
    hints = hints_of(cls)
    return {name: _reader(present(hints[name])) for name in names_of(cls)}


def _reader(kind: Any) -> Convert:
    if isinstance(kind, type) and issubclass(kind, Enum):
        by_name = issubclass(kind, IntEnum)
        return lambda word: None if word is None else kind[word.upper()] if by_name else kind(word)
    return lambda value: tuple(value) if isinstance(value, list) else value
