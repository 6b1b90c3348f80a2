"""What a wire value says, whoever wrote it down.

Core hands back as prior state what a provider answered, in its own hand: attributes
sorted, sets in its own order, numbers and the types of dynamic values as it writes them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgpack


def content_of(value: bytes) -> bytes:
    """Digest a msgpack value; equal for values that differ only in how they are written.

    The order of lists does not count either: without the schema a list and a set look
    the same, and no two objects differ in that alone.
    """
    read = msgpack.unpackb(value, strict_map_key=False)
    return hashlib.sha256(_written(read).encode()).digest()


def _written(value: Any) -> str:
    match value:
        case dict():
            items = sorted(f"{key!r}:{_written(item)}" for key, item in value.items())
            return "{" + ",".join(items) + "}"
        case [bytes() as kind, inner]:
            return f"<{_kind(kind)}>{_written(inner)}"
        case list():
            return "[" + ",".join(sorted(map(_written, value))) + "]"
        case float() if value.is_integer():
            return repr(int(value))
        case _:
            return repr(value)


def _kind(kind: bytes) -> str:
    try:
        return json.dumps(json.loads(kind), sort_keys=True)
    except ValueError:
        return repr(kind)
