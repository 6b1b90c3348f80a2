"""Times as a person reads them in a narrow column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"))


def age(moment: datetime | None, *, now: datetime | None = None) -> str:
    """Return how long ago `moment` was, such as `3d`; empty for None.

    A daemon whose clock is ahead of this one was asked `0s` ago.
    """
    if moment is None:
        return ""
    seconds = int(((now or datetime.now(UTC)) - moment).total_seconds())
    return length(seconds)


def ahead(moment: datetime | None, *, now: datetime | None = None) -> str:
    """Return in how long `moment` comes, such as `14m`; empty for None."""
    if moment is None:
        return ""
    seconds = int((moment - (now or datetime.now(UTC))).total_seconds())
    return length(seconds) if seconds > 0 else "now"


def length(seconds: int) -> str:
    """Return a number of seconds in its largest whole unit; less than none is none."""
    seconds = max(seconds, 0)
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clock(moment: datetime | None) -> str:
    """Return date and time in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
