"""The one order in which the elements of a set are written, whoever listed them.

It is Terraform's own as far as values without their types can tell, so that an index of ours
is the index in `terraform show -json`.

Source: `setRules.Less` and `makeSetHashBytes` of zclconf/go-cty 1.16: texts and numbers by
value, everything else by the text that is hashed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import TypeAlias

from reconciler.domain.values import Sensitive, Unknown, Value

Rank: TypeAlias = "tuple[int, object, str]"


def rank(value: Value) -> Rank:
    """Return what sorts the elements of one set; equal only for elements that mean the same.

    Sets inside `value` must be in order already.
    """
    match value:
        case None:
            return (0, 0, "")
        case bool():
            return (1, value, "")
        case int() | float() | Decimal():
            number = _exact(value)
            return (2, number, "") if number.is_finite() else (3, str(number), "")
        case str():
            # As Go compares: by bytes. The order of code points is the same, surrogates apart.
            return (4, value.encode("utf-8", "surrogatepass"), "")
        case Sensitive() | Unknown() | list() | dict():
            return (5, "".join(_hashed(value)), "".join(_named(value)))


def _exact(value: float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _hashed(value: Value) -> Iterator[str]:
    """Yield the text that go-cty hashes: the values of an object, in the order of their names."""
    match value:
        case list():
            yield "["
            for item in value:
                yield from _hashed(item)
                yield ";"
            yield "]"
        case dict():
            yield "<"
            for _, item in sorted(value.items()):
                yield from _hashed(item)
                yield ";"
            yield ">"
        case _:
            yield _scalar(value)


def _named(value: Value) -> Iterator[str]:
    """Yield a text that tells apart what only the names of keys do, those of null ones last."""
    match value:
        case list():
            for item in value:
                yield from ("[", *_named(item), "]")
        case dict():
            for key, item in sorted(value.items()):
                if item is not None:
                    yield from ("{", json.dumps(key), ":", *_named(item), "}")
            # {"a": null} and {"b": null} mean the same, and yet one of them is written first.
            yield from sorted(f"~{json.dumps(key)}" for key, item in value.items() if item is None)
        case int() | float() | Decimal() if not isinstance(value, bool):
            yield str(_exact(value))
        case _:
            yield _scalar(value)


def _scalar(value: Value) -> str:
    match value:
        case None:
            return "~"
        case bool():
            return "T" if value else "F"
        case int() | float() | Decimal():
            return _number(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Sensitive(digest=digest):
            return f"={digest}"
        case _:
            return "?"


def _number(value: float | Decimal) -> str:
    try:
        return format(float(value), ".10g")
    except OverflowError:
        return str(value)
