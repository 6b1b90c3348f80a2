"""What an agent says and what it is answered. A heartbeat is a report without sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.protocol.canonical import encode

VERSION = 1
ENROLL_PATH = "/api/v1/agents/enroll"
REPORTS_PATH = "/api/v1/agents/reports"
MOST_BODY_BYTES = 8 * 2**20
"""Of a message as it is sent, compressed or not."""
MOST_INFLATED_BYTES = 32 * 2**20
MOST_LEAVES = 200_000
LONGEST_KEY = 4096
_PIECE = 256
"""Leaves that are written at once."""


class MessageError(ValueError):
    """A message that is refused; `code` names why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class SectionChange(NamedTuple):
    """What became of one section since the base, or all of it where it is `whole`."""

    status: str
    changed: Iterable[tuple[str, Any]] = ()
    removed: Iterable[str] = ()
    whole: bool = False


class Report(NamedTuple):
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
    sections: Mapping[str, SectionChange] = MappingProxyType({})
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


def is_key(key: object) -> bool:
    """Whether `key` may be that of a leaf."""
    return isinstance(key, str) and 0 < len(key) <= LONGEST_KEY and "\0" not in key
