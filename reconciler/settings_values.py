"""Values of `trueup.toml`: spans of time, sizes and times as text, and sections read when met."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from reconciler.durations import LONGEST_SPAN, read_duration
from reconciler.field_rules import Check, Checked, Reading, Rule, Schema

SHORTEST_INTERVAL: Final = timedelta(seconds=10)
_SIZE: Final = re.compile(r"(\d+)\s*([KMG]i?B)")
_SIZES: Final = {"K": 2**10, "M": 2**20, "G": 2**30}
_LARGEST_SIZE: Final = 2**50
_SMALLEST_MEMORY: Final = 2**26


def _interval(value: object, reading: Reading) -> timedelta:
    del reading
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        message = 'a duration is text, such as "15m"'
        raise ValueError(message)  # noqa: TRY004  a reading reports ValueError, not TypeError
    span = read_duration(value)
    if span < SHORTEST_INTERVAL:
        message = f"{value!r} is shorter than {SHORTEST_INTERVAL.seconds} s"
        raise ValueError(message)
    return _within_reason(span)


def _span(value: object, reading: Reading) -> timedelta:
    del reading
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        message = 'a duration is text, such as "30s"'
        raise ValueError(message)  # noqa: TRY004  a reading reports ValueError, not TypeError
    return _within_reason(read_duration(value))


def _within_reason(span: timedelta) -> timedelta:
    if span > LONGEST_SPAN:
        message = f"a duration is at most {LONGEST_SPAN.days} days"
        raise ValueError(message)
    return span


def size_of_at_least(least: int, needed_by: str) -> Check:
    """Return what takes `512MiB` or `2GB` as bytes; both kinds of unit mean powers of two.

    `needed_by` says what a size below `least` bytes, whole MiB, is too small for.
    """

    def read(value: object, reading: Reading) -> int:
        del reading
        found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            message = 'a size is text, such as "2GiB" or "512MiB"'
            raise ValueError(message)
        size = int(found.group(1)) * _SIZES[found.group(2)[0]]
        if size > _LARGEST_SIZE:
            message = f"{value!r} is more than any machine has"
            raise ValueError(message)
        if size < least:
            message = f"{value!r} is less than {needed_by}; give at least {least // 2**20}MiB"
            raise ValueError(message)
        return size

    return read


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


@dataclass(frozen=True, slots=True, eq=False)
class Deferred:
    """The field is of the class that `load` returns; its checks are made for a first value."""

    load: Callable[[], type]

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> Schema:
        """Return a schema that reads by that of the class."""
        del source, handler
        return {
            "type": "function-plain",
            "function": {"type": "with-info", "function": self._read},
        }

    def _read(self, written: Any, reading: Reading) -> Any:
        # It loads pydantic, which is loaded by whoever comes here.
        from reconciler.section_reading import validated  # noqa: PLC0415

        return validated(self.load(), written, context=reading.context)


Interval = Annotated[timedelta, Checked(_interval, first=True)]
Span = Annotated[timedelta, Checked(_span, first=True)]
Size = Annotated[int, Checked(size_of_at_least(_SMALLEST_MEMORY, "one plugin needs"), first=True)]
FileTime = Annotated[datetime, Rule(check=_aware)]
VariablePattern = Annotated[str, Rule({"pattern": r"^[A-Za-z_][A-Za-z0-9_]*\*?$"})]
