"""One way to write a value as bytes, so that equal values have equal digests on both sides.

Values are objects with ASCII keys, lists, texts, truth values, null and whole numbers below
2^53. What a host names (paths, users, packages) is a value or a leaf's key, never an object's key.
"""

from __future__ import annotations

import base64
import json
from typing import Any

LARGEST_NUMBER = 2**53 - 1
DEEPEST = 8
_ESCAPED = "base64:"


class NotCanonicalError(ValueError):
    """A value that has no canonical form."""


def canonical(value: Any) -> bytes:
    """Return the one byte sequence that is `value`.

    Raises:
        NotCanonicalError: it holds a fraction, a large number, half a surrogate pair or a key
            that is not ASCII, or is nested too deep.
    """
    check(value)
    return encode(value)


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a value that was checked already.

    Raises:
        NotCanonicalError: a text holds half a surrogate pair.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonicalError("a text holds half a surrogate pair") from error


def check(value: Any, *, depth: int = 0) -> None:
    """Refuse what has no canonical form.

    Raises:
        NotCanonicalError: see `canonical`; half surrogate pairs are found by `encode`.
    """
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_NUMBER:
            raise NotCanonicalError("a number is larger than 2^53 - 1")
        return
    if depth >= DEEPEST:
        raise NotCanonicalError(f"a value is nested deeper than {DEEPEST}")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonicalError("the key of an object is not ASCII")
            check(inner, depth=depth + 1)
        return
    if not isinstance(value, (list, tuple)):
        raise NotCanonicalError(f"a {type(value).__name__} has no canonical form")
    for inner in value:
        check(inner, depth=depth + 1)


def text_of(raw: bytes) -> str:
    """Return the text of bytes a host names something with; reversible, whatever they are.

    Unicode is not normalised: two spellings of a name are two files.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _ESCAPED + base64.b64encode(raw).decode()
    # A name that looks like an escape is escaped, so that no two names share a text.
    return _ESCAPED + base64.b64encode(raw).decode() if text.startswith(_ESCAPED) else text
