"""What an agent said, read from its JSON: nothing that a message of ours would not hold. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from agent.protocol.canonical import LARGEST_NUMBER, NotCanonicalError, check
from agent.protocol.messages import (
    LONGEST_KEY,
    MOST_LEAVES,
    VERSION,
    MessageError,
    Report,
    SectionChange,
    is_key,
)
from agent.protocol.tree import STATUSES

_MOST_SECTIONS = 64
_FLAT = frozenset({str, bool, type(None)})
"""Types of values that have a canonical form whatever they are, in simple JSON."""
_PAIR = frozenset({list})
_OBJECT = frozenset({dict})
_TEXT = frozenset({str})
_NUMBER = frozenset({int})
_HEX = {"inc": 32, "nonce": 16, "scope": 16, "root": 64}
"""What names something in a message, and how many digits it has."""
_LENGTHS = tuple(_HEX.values())
_DIGITS = b"0123456789abcdef"
_WHOLE = ("seq", "at", "age")
_TWO = frozenset({2})
_Leaves = tuple[Sequence[str], Sequence[Any]]
_Encoded = Callable[[Sequence[Any]], Sequence[bytes]]
_Head = tuple[Any, Any, Any, Any, Any, Any, Any]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_is_hex_text = re.compile(r"[0-9a-f]+").fullmatch


def is_simple(text: bytes) -> bool:
    """Whether JSON is ASCII without an escape: no text in it holds a NUL or half a character.

    Then a leaf is looked through as a whole, and not text by text.
    """
    return text.isascii() and b"\\" not in text


def read(
    body: Any,
    *,
    simple: bool = False,
    encoded: _Encoded | None = None,
) -> Report:
    """Return the message that decoded JSON says; `simple` is what `is_simple` says of its text.

    With `encoded`, changed leaves have what that makes of their values, which were checked before.

    Raises:
        MessageError: it is no message, or one of another version.
    """
    if not isinstance(body, dict):
        raise MessageError("not-a-report", "the body is not an object")
    if body.get("v") != VERSION:
        raise MessageError("unknown-version", f"messages of version {VERSION} are understood")
    head = _head(body)
    base = body.get("base")
    if base is None and "sections" not in body and "dropped" not in body:
        return Report(*head)
    sections = body.get("sections", {})
    dropped = body.get("dropped", [])
    _require(base is None or _is_hex(base, 64), "base is not a root")
    _require(isinstance(sections, dict) and len(sections) <= _MOST_SECTIONS, "sections")
    _require(isinstance(dropped, list) and all(_is_section(name) for name in dropped), "dropped")
    _require(base is not None or not (sections or dropped), "sections need a base")
    changes = {
        name: _change(name, change, simple=simple, encoded=encoded)
        for name, change in sections.items()
    }
    return Report(*head, base=base, sections=changes, dropped=tuple(dropped))


def _head(body: Any) -> _Head:
    """Return what each message begins with: looked through at once, and by name where it fails."""
    get = body.get
    incarnation, nonce, scope, root = names = get("inc"), get("nonce"), get("scope"), get("root")
    seq, at, age = numbers = get("seq"), get("at"), get("age")
    if not (
        _TEXT.issuperset(map(type, names))
        and tuple(map(len, names)) == _LENGTHS
        and not "".join(names).encode("ascii", "replace").translate(None, _DIGITS)
        and _NUMBER.issuperset(map(type, numbers))  # a truth value is of another type
        and min(numbers) >= 0
        and max(numbers) <= LARGEST_NUMBER
    ):
        raise _unreadable(next(name for name in (*_HEX, *_WHOLE) if not _is_sound(name, get(name))))
    return incarnation, seq, at, age, nonce, scope, root


def _is_sound(name: str, value: object) -> bool:
    if name in _HEX:
        return _is_hex(value, _HEX[name])
    return type(value) is int and 0 <= value <= LARGEST_NUMBER


def _change(name: object, change: Any, *, simple: bool, encoded: _Encoded | None) -> SectionChange:
    _require(_is_section(name) and isinstance(change, dict), "a section's name")
    changed, removed = change.get("changed"), change.get("removed")
    _require(change.get("status") in STATUSES, "a section's status")
    _require(isinstance(changed, list) and isinstance(removed, list), "a section's leaves")
    if len(changed) > MOST_LEAVES or len(removed) > MOST_LEAVES:
        raise MessageError("too-many-leaves", f"a section has at most {MOST_LEAVES} leaves")
    _require(all(map(is_key, removed)), "a leaf's key")
    keys, values = (simple and _plain(changed)) or _checked(changed)
    if encoded is not None:
        values = encoded(values)
    return SectionChange(
        status=change["status"],
        changed=dict(zip(keys, values)).items(),
        removed=removed,
        whole=change.get("whole") is True,
    )


def _plain(changed: list[Any]) -> _Leaves | None:
    """Return keys and values of what nearly all leaves are that are ever sent: sound ones.

    Of simple JSON: no text in it holds a NUL or half a character.
    """
    if not (
        changed and _PAIR.issuperset(map(type, changed)) and _TWO.issuperset(map(len, changed))
    ):
        return None
    keys, values = zip(*changed)
    sound = (
        _TEXT.issuperset(map(type, keys))
        and "" not in keys
        and len(max(keys, key=len)) <= LONGEST_KEY
        and _OBJECT.issuperset(map(type, values))
        and _FLAT.issuperset(map(type, chain.from_iterable(map(dict.values, values))))
    )
    return (keys, values) if sound else None


def _checked(changed: list[Any]) -> _Leaves:
    leaves = [_leaf(leaf) for leaf in changed]
    return [key for key, _ in leaves], [value for _, value in leaves]


def _leaf(leaf: Any) -> tuple[str, Any]:
    if not (isinstance(leaf, list) and len(leaf) == 2 and is_key(leaf[0])):  # noqa: PLR2004
        raise _unreadable("a leaf")
    key, value = leaf
    try:
        check(value)
    except NotCanonicalError as error:
        raise MessageError("not-canonical", f"the leaf {key[:80]!r}: {error}") from error
    return key, value


def _require(holds: object, part: str) -> None:
    if not holds:
        raise _unreadable(part)


def _is_section(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _is_hex(value: object, length: int) -> bool:
    return type(value) is str and len(value) == length and _is_hex_text(value) is not None


def _unreadable(part: str) -> MessageError:
    return MessageError("not-a-report", f"{part} cannot be read")
