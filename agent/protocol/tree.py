"""The hash tree: leaves make a section, sections make the root. Pure.

Two levels are enough: a section's digest is made of its leaves' digests in the order of their
keys, which costs 60 ms at 60,000 leaves. Every part is framed by its length, so that no
two trees share their bytes, and leaves, sections and roots begin with different tags.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.protocol.canonical import canonical

FORMAT = 1
"""Part of every root. Raised with the tree's form or what probes write into it."""

OK = "ok"
STATUSES = (OK, "denied", "timeout", "unsupported", "truncated")
"""How a probe ended; hashed, so that a section that could not be read never looks unchanged."""

_ROOT = b"\2" + FORMAT.to_bytes(4, "big")
_DIGEST_SIZE = hashlib.sha256().digest_size
_length = struct.Struct(">I").pack
_SHORT = [_length(size) for size in range(1024)]


@dataclass(frozen=True)
class Section:
    """One section of a host: how its probe ended, and its leaves by key."""

    status: str = OK
    leaves: Mapping[str, Any] = field(default_factory=dict)


def leaf_digests(section: str, leaves: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield the digest of each leaf of one section; the values are canonical bytes already."""
    # Written out: the server does this for a hundred thousand leaves a second.
    begin, length, sha256 = b"\0" + _framed((section.encode(),)), _length, hashlib.sha256
    short, few = _SHORT, len(_SHORT)
    for key, value in leaves:
        name, size = key.encode(), len(value)
        framed = begin + length(len(name)) + name + (short[size] if size < few else length(size))
        yield sha256(framed + value).digest()


def section_digest(name: str, status: str, leaves: bytes | bytearray) -> bytes:
    """Return the digest of a section; `leaves` are its digests in the order of their keys."""
    begin = b"\1" + _framed((name.encode(), status.encode()))
    digest = hashlib.sha256(begin + (len(leaves) // _DIGEST_SIZE).to_bytes(8, "big"))
    digest.update(leaves)
    return digest.digest()


def root_digest(sections: Mapping[str, bytes]) -> bytes:
    """Return the digest of a host; `sections` are digests by name, in any order."""
    parts = [_framed((name.encode(), sections[name])) for name in sorted(sections)]
    return hashlib.sha256(b"".join((_ROOT, *parts))).digest()


def digest_of(name: str, section: Section) -> bytes:
    """Return the digest of a section whose leaves are values.

    Raises:
        NotCanonicalError: a value has no canonical form.
    """
    keys = sorted(section.leaves)
    leaves = leaf_digests(name, ((key, canonical(section.leaves[key])) for key in keys))
    return section_digest(name, section.status, b"".join(leaves))


def digests_of(sections: Mapping[str, Section]) -> dict[str, bytes]:
    """Return the digest of each section."""
    return {name: digest_of(name, section) for name, section in sections.items()}


def _framed(parts: Iterable[bytes]) -> bytes:
    return b"".join([_length(len(part)) + part for part in parts])
