"""Moments as people speak of them: how long ago, how soon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_NOW_S: Final = 2
_NEVER: Final = "-"


def span(seconds: float) -> str:
    """Return `4 min` or `2 d`: the largest unit that fits, whole."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


def took(seconds: float) -> str:
    """Return a short time with its decimals, a long one as `3 min 20 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{int(seconds * 10) / 10} s"
    if seconds < 3_600:  # noqa: PLR2004 - an hour
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


def ago(at: datetime | None, *, now: datetime) -> str:
    """Return `4 min ago`; `-` for never. A time ahead of our clock is `just now`."""
    if at is None:
        return _NEVER
    seconds = (now - at).total_seconds()
    return "just now" if seconds < _NOW_S else f"{span(seconds)} ago"


def ahead(at: datetime | None, *, now: datetime) -> str:
    """Return `in 4 min`; `now` when the moment has come; `-` for never."""
    if at is None:
        return _NEVER
    seconds = (at - now).total_seconds()
    return "now" if seconds < 1 else f"in {span(seconds)}"


def absolute(at: datetime | None) -> str:
    """Return `2026-05-01 10:00:00Z`; `-` for never."""
    if at is None:
        return _NEVER
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
