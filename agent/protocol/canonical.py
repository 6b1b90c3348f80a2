"""One way to write a value as bytes, so that equal values have equal digests on both sides.

Values are objects with ASCII keys, lists, texts, truth values, null and whole numbers below
2^53. What a host names (paths, users, packages) is a value or a leaf's key, never an object's key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

LARGEST_NUMBER = 2**53 - 1
DEEPEST = 8
_ESCAPED = "base64:"
# Made once: `json.dumps` makes one for each call that is not its usual one.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class NotCanonicalError(ValueError):
    """A value that has no canonical form."""


def canonical(value: Any) -> bytes:
    """Return the one byte sequence that is `value`.

    Raises:
        NotCanonicalError: it holds a fraction, a large number, half a surrogate pair or a key
            that is not ASCII, a NUL, or is nested too deep.
    """
    check(value)
    return encode(value)


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a value that was checked already.

    Raises:
        NotCanonicalError: a text holds half a surrogate pair.
    """
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError as error:
        raise NotCanonicalError("a text holds half a surrogate pair") from error


def check(value: Any, *, depth: int = 0) -> None:
    """Refuse what has no canonical form.

    Raises:
        NotCanonicalError: see `canonical`; half surrogate pairs are found by `encode`.
    """
    if isinstance(value, str):
        if "\0" in value:
            raise NotCanonicalError("a text holds a NUL, which not every database keeps")
    elif isinstance(value, int):  # a truth value is one too
        if abs(value) > LARGEST_NUMBER:
            raise NotCanonicalError("a number is larger than 2^53 - 1")
    elif isinstance(value, (dict, list, tuple)):
        if depth >= DEEPEST:
            raise NotCanonicalError(f"a value is nested deeper than {DEEPEST}")
        for inner in _inside(value):
            check(inner, depth=depth + 1)
    elif value is not None:
        raise NotCanonicalError(f"a {type(value).__name__} has no canonical form")


def _inside(value: Any) -> Iterable[Any]:
    if not isinstance(value, dict):
        return value  # type: ignore[no-any-return]  # a list or a tuple
    if not all(isinstance(key, str) and key.isascii() for key in value):
        raise NotCanonicalError("the key of an object is not ASCII")
    return value.values()


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
