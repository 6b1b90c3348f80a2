"""Cursors: where a list was left, as a text that means nothing to who carries it.

A cursor holds the sort key of the last row given. Rows that come or go meanwhile neither
repeat nor hide another.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from reconciler.domain.errors import InvalidError
from reconciler.storage.columns import storable

_LONGEST: Final = 4_096
_INTEGER_BITS: Final = 63
_NOT_OURS: Final = "this cursor was not given out for this list"
_AGAIN: Final = "begin again without a cursor"

Key = tuple[Any, ...]
Kinds = tuple[type[int | str | datetime], ...]


def encode(name: str, key: Key) -> str:
    """Return the cursor that continues the list called `name` after `key`."""
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(orjson.dumps([name, *parts])).rstrip(b"=").decode()


def decode(cursor: str, *, name: str, kinds: Kinds) -> Key:
    """Return the key in `cursor`, one value of each of `kinds`.

    Raises:
        InvalidError: `cursor` was not given out for this list.
    """
    try:
        pairs = zip((str, *kinds), _parts(cursor), strict=True)
        given, *key = (_READERS[kind](part) for kind, part in pairs)
    except (ValueError, TypeError, InvalidError) as error:
        raise InvalidError(_NOT_OURS, remedy=_AGAIN) from error
    if given != name:
        raise InvalidError(_NOT_OURS, remedy=_AGAIN)
    return tuple(key)


def _parts(cursor: str) -> list[Any]:
    if len(cursor) > _LONGEST:
        raise ValueError(len(cursor))
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError) as error:
        raise ValueError(cursor) from error
    if not isinstance(found, list):
        raise TypeError(cursor)
    return found


def _integer(part: Any) -> int:
    if not isinstance(part, int) or isinstance(part, bool) or part.bit_length() > _INTEGER_BITS:
        raise TypeError(part)
    return part


def _text(part: Any) -> str:
    if not isinstance(part, str):
        raise TypeError(part)
    return storable(part)


def _moment(part: Any) -> datetime:
    found = datetime.fromisoformat(_text(part))
    if found.tzinfo is None:
        raise ValueError(part)
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(part) from error


_READERS: Final[Mapping[type[int | str | datetime], Callable[[Any], Any]]] = {
    int: _integer,
    str: _text,
    datetime: _moment,
}
