"""The leaves of a section as the server keeps them: each key with the canonical bytes of its value.

The digest of a leaf is made of those bytes, so that a change of one leaf reads the others and
writes them anew without making a value of any of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgpack
import orjson

from reconciler.domain.agents import AgentSection

Leaves = dict[str, bytes]

_BETWEEN: Final = b"},{"
_JSON: Final = b"["
_COMPRESSED: Final = b"x"
"""What zlib begins with; MessagePack begins a mapping with a byte above 0x7f."""
_COMPRESSED_FROM_BYTES: Final = 8192


def canonical_values(values: Sequence[Any]) -> Sequence[bytes]:
    """Return the canonical bytes of values that were checked.

    What orjson writes lies in a kilobyte of its own, also where it is a few bytes. So the whole
    list is written at once and divided, unless what lies between two objects is also in a text.
    """
    text = orjson.dumps(values, None, orjson.OPT_SORT_KEYS)
    inside = text[2:-2].split(_BETWEEN)
    if len(inside) == len(values) and {dict}.issuperset(map(type, values)):
        return [b"{%b}" % one for one in inside]
    return [orjson.dumps(value, None, orjson.OPT_SORT_KEYS) for value in values]


def packed_leaves(leaves: Leaves) -> bytes:
    """Return leaves as they are kept: compressed where that saves a page of the disk."""
    packed: bytes = msgpack.packb(leaves)
    return packed if len(packed) <= _COMPRESSED_FROM_BYTES else zlib.compress(packed, 1)


def unpacked_leaves(body: bytes) -> Leaves:
    """Return the leaves that a kept section holds."""
    packed = zlib.decompress(body) if body.startswith(_COMPRESSED) else body
    if packed.startswith(_JSON):  # kept by an earlier version
        leaves = dict(orjson.loads(packed))
        return dict(zip(leaves, canonical_values(list(leaves.values())), strict=True))
    kept: Leaves = msgpack.unpackb(packed)
    return kept


def values_of(section: AgentSection) -> Mapping[str, Any]:
    """Return what the leaves of a kept section say, by key."""
    leaves = unpacked_leaves(section.body)
    values = orjson.loads(b"[" + b",".join(leaves.values()) + b"]")
    return dict(zip(leaves, values, strict=True))
