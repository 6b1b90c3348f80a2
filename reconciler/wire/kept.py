"""JSON objects that were kept as text: read when somebody looks, passed on as they are.

Most of what is read from the store is answered to a client unread. Parsing it only to write
the same again would cost more than everything else about a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import orjson

_MARK: Final = "\n"
"""Between members it is only white space, and inside a text JSON writes it `\\n`."""
_EMPTY: Final = "{}"


class JsonReady(Protocol):
    """What knows the JSON-ready object that it is on the wire."""

    def as_json(self) -> dict[str, Any]:
        """Return that object."""


class KeptObject(Mapping[str, Any]):
    """The JSON object in `text`, equal to any mapping that says the same."""

    __slots__ = ("_read", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._read: dict[str, Any] | None = None

    @classmethod
    def of_two(cls, head: str, tail: str) -> KeptObject:
        """Return what the objects `head` and `tail` say together; they share no key."""
        left, right = (text.replace(_MARK, "") for text in (head, tail))
        comma = "," if len(left) > len(_EMPTY) < len(right) else ""
        return cls(f"{left[:-1]}{comma}{_MARK}{right[1:]}")

    @property
    def tail(self) -> str | None:
        """The members of `tail` and the closing brace, if the object was made of two."""
        _, mark, tail = self.text.partition(_MARK)
        return tail if mark else None

    def __getitem__(self, key: str) -> Any:
        """Return the member called `key`."""
        return self._members()[key]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the members."""
        return iter(self._members())

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self._members())

    def __repr__(self) -> str:
        """Return what the same dictionary would."""
        return repr(self._members())

    def _members(self) -> dict[str, Any]:
        # Two threads may read it at once; both read the same.
        if self._read is None:
            self._read = orjson.loads(self.text)
        return self._read


def spliced(members: Mapping[str, Any], tail: str) -> orjson.Fragment:
    """Return an object of `members`, of which there is one at least, and of `tail`'s."""
    joint = b"" if tail == _EMPTY[1:] else b","
    return orjson.Fragment(joint.join((orjson.dumps(members)[:-1], tail.encode())))


def plain(value: object) -> Any:
    """Return what JSON is written from, for a mapping that is no dictionary.

    Raises:
        TypeError: it is none.
    """
    # Asked first, and not by the protocol, which takes as long as all the rest.
    if (as_json := getattr(value, "as_json", None)) is not None:
        return as_json()
    if isinstance(value, KeptObject):
        return orjson.Fragment(value.text)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
