"""What an agent says and what it is answered. A heartbeat is a report without sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from agent.protocol.canonical import NotCanonicalError, check, encode
from agent.protocol.tree import STATUSES

VERSION = 1
ENROLL_PATH = "/api/v1/agents/enroll"
REPORTS_PATH = "/api/v1/agents/reports"
MOST_BODY_BYTES = 8 * 2**20
"""Of a message as it is sent, compressed or not."""
MOST_INFLATED_BYTES = 32 * 2**20
MOST_LEAVES = 200_000
LONGEST_KEY = 4096
_MOST_SECTIONS = 64
_PIECE = 256
"""Leaves that are written at once."""
_FLAT = frozenset({str, bool, type(None)})
"""Types of values that have a canonical form whatever they are, in simple JSON."""
_PAIR = frozenset({list})
_OBJECT = frozenset({dict})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_is_hex_text = re.compile(r"[0-9a-f]+").fullmatch


class MessageError(ValueError):
    """A message that is refused; `code` names why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class SectionChange:
    """What became of one section since the base, or all of it where it is `whole`."""

    status: str
    changed: Iterable[tuple[str, Any]] = ()
    removed: Iterable[str] = ()
    whole: bool = False


@dataclass(frozen=True)
class Report:
    """One message. Times are seconds since 1970; `age_ms` is how long ago it was captured.

    `base` is the root that `sections` and `dropped` change into `root`; without it this is a
    heartbeat. `scope` names the baseline that the agent knows.
    """

    incarnation: str
    seq: int
    sent_at: int
    age_ms: int
    nonce: str
    scope: str
    root: str
    base: str | None = None
    sections: Mapping[str, SectionChange] = field(default_factory=dict)
    dropped: Sequence[str] = ()


def write(report: Report) -> bytes:
    """Return the bytes of a message."""
    return b"".join(written(report))


def written(report: Report, sections: Iterable[bytes] | None = None) -> Iterator[bytes]:
    """Yield the bytes of a message in pieces: one of a whole host never lies in memory.

    `sections` is the JSON of its sections where that was written before.
    """
    body: dict[str, Any] = {
        "v": VERSION,
        "inc": report.incarnation,
        "seq": report.seq,
        "at": report.sent_at,
        "age": report.age_ms,
        "nonce": report.nonce,
        "scope": report.scope,
        "root": report.root,
    }
    if report.base is None:
        yield encode(body)
        return
    body["base"] = report.base
    body["dropped"] = list(report.dropped)
    yield encode(body)[:-1] + b',"sections":'
    yield from written_sections(report.sections) if sections is None else sections
    yield b"}"


def written_sections(sections: Mapping[str, SectionChange]) -> Iterator[bytes]:
    """Yield the JSON of a message's sections in pieces."""
    yield b"{"
    for number, (name, change) in enumerate(sections.items()):
        yield b"," if number else b""
        yield from _written_change(name, change)
    yield b"}"


def _written_change(name: str, change: SectionChange) -> Iterator[bytes]:
    yield encode(name) + b":" + encode({"status": change.status, "whole": change.whole})[:-1]
    yield b',"changed":['
    yield from _listed([key, value] for key, value in change.changed)
    yield b'],"removed":['
    yield from _listed(change.removed)
    yield b"]}"


def _listed(values: Iterable[Any]) -> Iterator[bytes]:
    """Yield the elements of a list, some at a time."""
    left = iter(values)
    between = b""
    while some := list(islice(left, _PIECE)):
        yield between + encode(some)[1:-1]
        between = b","


def is_simple(text: bytes) -> bool:
    """Whether JSON is ASCII without an escape: no text in it holds a NUL or half a character.

    Then a leaf is looked through as a whole, and not text by text.
    """
    return text.isascii() and b"\\" not in text


def read(body: Any, *, simple: bool = False) -> Report:
    """Return the message that decoded JSON says; `simple` is what `is_simple` says of its text.

    Raises:
        MessageError: it is no message, or one of another version.
    """
    if not isinstance(body, dict):
        raise MessageError("not-a-report", "the body is not an object")
    if body.get("v") != VERSION:
        raise MessageError("unknown-version", f"messages of version {VERSION} are understood")
    head = (
        _hex(body, "inc", 32),
        _whole(body, "seq"),
        _whole(body, "at"),
        _whole(body, "age"),
        _hex(body, "nonce", 16),
        _hex(body, "scope", 16),
        _hex(body, "root", 64),
    )
    base = body.get("base")
    if base is None and "sections" not in body and "dropped" not in body:
        return Report(*head)
    sections = body.get("sections", {})
    dropped = body.get("dropped", [])
    _require(base is None or _is_hex(base, 64), "base is not a root")
    _require(isinstance(sections, dict) and len(sections) <= _MOST_SECTIONS, "sections")
    _require(isinstance(dropped, list) and all(_is_section(name) for name in dropped), "dropped")
    _require(base is not None or not (sections or dropped), "sections need a base")
    return Report(
        *head,
        base=base,
        sections={name: _change(name, change, simple) for name, change in sections.items()},
        dropped=tuple(dropped),
    )


def _change(name: object, change: Any, simple: bool) -> SectionChange:  # noqa: FBT001 - private
    _require(_is_section(name) and isinstance(change, dict), "a section's name")
    changed, removed = change.get("changed"), change.get("removed")
    _require(change.get("status") in STATUSES, "a section's status")
    _require(isinstance(changed, list) and isinstance(removed, list), "a section's leaves")
    if len(changed) > MOST_LEAVES or len(removed) > MOST_LEAVES:
        raise MessageError("too-many-leaves", f"a section has at most {MOST_LEAVES} leaves")
    _require(all(map(is_key, removed)), "a leaf's key")
    return SectionChange(
        status=change["status"],
        changed=_leaves(changed, simple),
        removed=removed,
        whole=change.get("whole") is True,
    )


def _leaves(changed: list[Any], simple: bool) -> Sequence[Any]:  # noqa: FBT001 - private
    """Return leaves that were looked through: nearly always all at once, else one by one."""
    if simple and _PAIR.issuperset(map(type, changed)) and {2}.issuperset(map(len, changed)):
        keys, values = [leaf[0] for leaf in changed], [leaf[1] for leaf in changed]
        if all(map(is_key, keys)) and _OBJECT.issuperset(map(type, values)):
            inside = chain.from_iterable(map(dict.values, values))
            if _FLAT.issuperset(map(type, inside)):
                return changed
    return [_leaf(leaf) for leaf in changed]


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


def is_key(key: object) -> bool:
    """Whether `key` may be that of a leaf."""
    return isinstance(key, str) and 0 < len(key) <= LONGEST_KEY and "\0" not in key


def _is_section(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


# Each is called for every message of ten thousand a second.
def _is_hex(value: object, length: int) -> bool:
    return type(value) is str and len(value) == length and _is_hex_text(value) is not None


def _hex(body: Mapping[str, Any], name: str, length: int) -> str:
    value = body.get(name)
    if type(value) is str and len(value) == length and _is_hex_text(value):
        return value
    raise _unreadable(name)


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is int and 0 <= value < 2**53:  # a truth value is of another type
        return value
    raise _unreadable(name)


def _unreadable(part: str) -> MessageError:
    return MessageError("not-a-report", f"{part} cannot be read")
