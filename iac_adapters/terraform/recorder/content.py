"""What a wire value says, whoever wrote it down.

Core hands back as prior state what a provider answered, in its own hand: attributes
sorted, sets in its own order, numbers and the types of dynamic values as it writes them.
"""

from __future__ import annotations

import hashlib
import json
import math
from decimal import Decimal
from typing import Any, Final

import msgpack

_LEAST: Final = -(2**63)
_MOST: Final = 2**64


def content_of(value: bytes, *, in_order: bool = False) -> bytes:
    """Digest a msgpack value; equal for values that differ only in how they are written.

    The order of lists does not count either, unless it is asked `in_order`: without the schema a
    list and a set look the same, and no two objects differ in that alone.
    """
    read = msgpack.unpackb(value, strict_map_key=False)
    return hashlib.sha256(_written(read, in_order=in_order).encode()).digest()


def _written(value: Any, *, in_order: bool) -> str:
    match value:
        case dict():
            items = sorted(
                f"{key!r}:{_written(item, in_order=in_order)}" for key, item in value.items()
            )
            return "{" + ",".join(items) + "}"
        case [bytes() as kind, inner]:
            return f"<{_kind(kind)}>{_written(inner, in_order=in_order)}"
        case list():
            items = [_written(item, in_order=in_order) for item in value]
            return "[" + ",".join(items if in_order else sorted(items)) + "]"
        case float() if math.isfinite(value):
            return _number(value)
        case _:
            return repr(value)


def _number(value: float) -> str:
    """Write a float as core does: whole where it is, else a text where it is no exact binary one.

    Core has read it from JSON by then, where 0.1 is a decimal number.
    """
    if value.is_integer() and _LEAST <= value < _MOST:
        return repr(int(value))
    return repr(format(Decimal(repr(value)), "f"))


def _kind(kind: bytes) -> str:
    try:
        return json.dumps(json.loads(kind), sort_keys=True)
    except ValueError:
        return repr(kind)
