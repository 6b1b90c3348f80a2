"""Spans of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

LONGEST_SPAN: Final = timedelta(days=3660)
"""What is given longer is a mistake, and no date may lie so far ahead."""
_UNITS_S: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN: Final = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def read_duration(text: str) -> timedelta:
    """Return what `15m`, `30s`, `1h30m` or `1.5h` says.

    Raises:
        ValueError: `text` is written otherwise.
    """
    if not _WRITTEN.fullmatch(text.strip()):
        message = f"{text!r} is not a duration; write 30s, 15m, 1h or 1h30m"
        raise ValueError(message)
    parts = _PART.findall(text)
    try:
        return timedelta(seconds=sum(float(number) * _UNITS_S[unit] for number, unit in parts))
    except OverflowError as error:
        message = f"{text!r} is longer than can be waited for"
        raise ValueError(message) from error


def written_duration(span: timedelta) -> str:
    """Return `span` as a sentence has it, such as `4 h`, `1 h 30 min` or `90 s`."""
    seconds = round(span.total_seconds())
    if seconds < 2 * _UNITS_S["m"] and seconds % _UNITS_S["m"]:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // _UNITS_S["m"], 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts) or f"{seconds} s"
