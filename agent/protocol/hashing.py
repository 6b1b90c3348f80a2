"""SHA-256 of messages: a few kilobytes, thousands of times a second on the server."""

from __future__ import annotations

import hashlib
from typing import Any

_KEPT_BYTES = 2047
"""Of more at once, hashlib gives the interpreter's lock away (HASHLIB_GIL_MINSIZE in CPython)."""
_MOST_BYTES = 1 << 16
"""Of more, hashing takes longer than getting the lock back: others may work meanwhile."""


def sha256_of(message: bytes) -> Any:
    """Return `hashlib.sha256(message)`, with the interpreter's lock kept while it is small.

    4 kB take 3 us, and another thread that computes gives the lock back after up to 5 ms.
    """
    if not _KEPT_BYTES < len(message) <= _MOST_BYTES:
        return hashlib.sha256(message)
    digest = hashlib.sha256(message[:_KEPT_BYTES])
    for begin in range(_KEPT_BYTES, len(message), _KEPT_BYTES):
        digest.update(message[begin : begin + _KEPT_BYTES])
    return digest
