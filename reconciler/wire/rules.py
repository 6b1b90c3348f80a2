"""What a field of a wire model may hold, declared once: checks, JSON schema and words.

The daemon hands these to pydantic, which asks them by its protocol. Nothing here imports
pydantic, since a client that only decodes answers must start fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from reconciler.durations import LONGEST_SPAN, read_duration
from reconciler.field_rules import Rule, Schema
from reconciler.wire.times import timestamp

_TIME: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$"
_DURATION: Final = r"^(\d{1,9}(\.\d{1,3})?[dhms]){1,4}$"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as RFC 3339 text on the wire, a `datetime` with a zone on both sides of it."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[Any], Schema]
    ) -> Schema:
        """Return the core schema of a text that `read_time` reads."""
        del source, handler
        return {
            "type": "function-after",
            "schema": {"type": "str"},
            "function": {"type": "no-info", "function": read_time},
            "serialization": {
                "type": "function-plain",
                "function": timestamp,
                "return_schema": {"type": "str"},
            },
        }

    def __get_pydantic_json_schema__(
        self, core: Schema, handler: Callable[[Schema], Schema]
    ) -> Schema:
        """Return the JSON schema of a time."""
        examples = ["2026-05-01T10:00:00Z"]
        return {**handler(core), "format": "date-time", "examples": examples}


def read_time(text: str) -> datetime:
    """Return the moment `text` (RFC 3339) names, in UTC.

    Raises:
        ValueError: there is no such moment.
    """
    if not re.fullmatch(_TIME, text):
        raise ValueError("write a time as 2026-05-01T10:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("there is no such time") from error


def _is_duration(text: str) -> str:
    if not timedelta() < read_duration(text) <= LONGEST_SPAN:
        raise ValueError("a duration must be longer than 0 and at most ten years")
    return text


def text(*, least: int = 1, most: int, pattern: str | None = None, example: object = None) -> Rule:
    """Return the rule of a text of `least` to `most` characters that `pattern` matches."""
    limits: dict[str, Any] = {"min_length": least, "max_length": most}
    if pattern is not None:
        limits["pattern"] = pattern
    return Rule(limits, shown={} if example is None else {"examples": [example]})


def between(least: int, most: int) -> Rule:
    """Return the rule of a number from `least` to `most`."""
    return Rule({"ge": least, "le": most})


def words_of(words: type[StrEnum]) -> Rule:
    """Return the rule of a text that is one of `words`; a client takes newer ones too."""
    return Rule(shown={"enum": [word.value for word in words]})


def shown(**keywords: Any) -> Rule:
    """Return a rule that forbids nothing and adds `keywords` to the JSON schema."""
    return Rule(shown=keywords)


Time = Annotated[datetime, Moment()]
Duration = Annotated[
    str, Rule({"pattern": _DURATION}, check=_is_duration, shown={"examples": ["15m", "1h30m"]})
]
Word = Annotated[str, text(most=200)]
Sentence = Annotated[str, text(most=2000)]
Glob = Annotated[str, text(most=1000)]
GroupId = Annotated[str, text(most=200, pattern=r"^[A-Za-z0-9_-]+$", example="sg-0a1b2c3d")]
FilePath = Annotated[str, text(most=4096)]
StackNameText = Annotated[str, text(most=200, pattern=r"^[^\s/][^/\n]*$")]
Score = Annotated[int, between(0, 100)]
SeverityWord = Literal["low", "medium", "high", "critical"]
KindWord = Literal["changed", "missing", "unmanaged", "unreadable", "added"]
ActionWord = Literal["auto_correct", "quarantine", "manual_review"]
DriverWord = Literal["detach", "swap", "script"]
DoneWord = Literal["auto_correct", "quarantine", "manual_review", "release"]
OriginWord = Literal["out_of_band", "unapplied", "both", "undeclared"]
SourceWord = Literal["config", "api"]
StackSourceWord = Literal["config", "api", "embedded"]
"""`embedded`: only a program applies to it, and the daemon scans it never."""
RoleWord = Literal["viewer", "operator", "approver", "admin", "auditor", "agent", "reporter"]
SeenBy = Annotated[
    str, Rule({"pattern": "^(scan|agent:.+|report:.+|watch:.+)$"}, shown={"examples": ["scan"]})
]
