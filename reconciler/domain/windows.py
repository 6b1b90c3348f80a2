"""Spans of the calendar in which corrections may begin, or may not, by a time zone's own clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from reconciler.domain.errors import InvalidError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY: Final = re.compile(r"(?:(?P<days>[A-Za-z,-]+) )?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_DATED: Final = re.compile(r"(?P<start>\d[^\s/]*)/(?P<end>\S*)")
_BOUND: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?", re.ASCII)
_OFFSET: Final = re.compile(r"Z|[+-]\d\d(?::?\d\d)?")
_DAY_ENDS: Final = "24:00"
_DATE_LENGTH: Final = len("2026-12-20")
_DAY: Final = timedelta(days=1)
_DAYS_AHEAD: Final = 16
"""One night a week may be the one in which the clock is changed: then the next one counts."""
_MOST_STEPS: Final = 64
_FIRST: Final = datetime(2, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9998, 1, 1, tzinfo=UTC)
"""Beyond these no zone's clock can be asked, nor what comes a week after."""

Span: TypeAlias = tuple[datetime, datetime]
"""From a moment on, and until another, which is not in it; both in UTC."""
Shown: TypeAlias = tuple[date, time]
"""What a clock shows."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """The same hours on some days of each week; `end` at or before `start` is on the next day."""

    text: str
    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo

    def spans(self, around: datetime, *, widest: bool = False) -> Iterator[Span]:
        """Yield the spans from the day before `around` to two weeks after it, in order.

        A span that begins or ends while the clock is changed is as short as it can be read, with
        `widest` as long as it can be.
        """
        first = around.astimezone(self.zone).date() - _DAY
        for offset in range(_DAYS_AHEAD + 1):
            day = first + offset * _DAY
            if day.weekday() not in self.days:
                continue
            last = day if self.end > self.start else day + _DAY
            start, end = (day, self.start), (last, self.end)
            span = _widest(start, end, self.zone) if widest else _span(start, end, self.zone)
            # Both ends may lie in the hour that the clock shows twice, or leaves out.
            if span[0] < span[1]:
                yield span


@dataclass(frozen=True, slots=True)
class Dated:
    """One span from one date to another; a date alone as the end means the end of that day."""

    text: str
    span: Span
    """As short as it can be read where it begins or ends while the clock is changed."""
    widest: Span
    """As long as it can be read where it begins or ends while the clock is changed."""

    def spans(self, around: datetime, *, widest: bool = False) -> Iterator[Span]:
        """Yield the span; see `Weekly.spans`."""
        del around
        span = self.widest if widest else self.span
        if span[0] < span[1]:
            yield span


Window: TypeAlias = Weekly | Dated


@dataclass(frozen=True, slots=True)
class Closed:
    """Why corrections may not begin, and when they may again; `until` is None when never."""

    reason: str
    until: datetime | None


def read_window(text: str) -> Window:
    """Return the span that `text` names.

    Such as `Mon-Fri 09:00-17:00 Europe/Berlin`, `22:00-04:00 UTC` (each day) or
    `2026-12-20/2027-01-03 Europe/Berlin`. Without a zone it is UTC.

    Raises:
        InvalidError: it cannot be read, or names no time zone that this host knows.
    """
    words = " ".join(text.split())
    if (dated := _DATED.match(words)) is not None:
        return _dated(words, dated)
    weekly = _WEEKLY.match(words)
    if weekly is None:
        raise InvalidError(
            f"{text!r} is no window",
            remedy="write it as `Mon-Fri 09:00-17:00 Europe/Berlin`,"
            " or as `2026-12-20/2027-01-03 Europe/Berlin`",
        )
    zone = _zone(words[weekly.end() :].strip())
    if weekly["start"] == _DAY_ENDS:
        raise InvalidError(
            f"{text!r}: a day begins at 00:00", remedy="write 00:00, on the day that is meant"
        )
    start, end = (_time(weekly[part], text) for part in ("start", "end"))
    return Weekly(words, _days(weekly["days"], text), start, end, zone)


def closed_at(
    now: datetime, *, windows: Sequence[Window] = (), freezes: Sequence[Window] = ()
) -> Closed | None:
    """Return why corrections may not begin at `now`; None when they may.

    They may outside of every freeze, and where there are windows only within one of them.
    """
    reason = _reason(now, windows, freezes)
    return None if reason is None else Closed(reason, _opens(now, windows, freezes))


def _reason(at: datetime, windows: Sequence[Window], freezes: Sequence[Window]) -> str | None:
    frozen = next((freeze for freeze in freezes if _frozen_at(freeze, at)), None)
    if frozen is not None:
        return f"corrections are frozen: {frozen.text}"
    if windows and not any(_span_at(window, at) for window in windows):
        return f"corrections may begin only within {', '.join(window.text for window in windows)}"
    return None


def _opens(now: datetime, windows: Sequence[Window], freezes: Sequence[Window]) -> datetime | None:
    """Return the first moment after `now` at which corrections may begin; None when never."""
    at = now
    for _ in range(_MOST_STEPS):
        frozen = [span[1] for freeze in freezes if (span := _frozen_at(freeze, at))]
        if frozen:
            at = max(frozen)
        elif windows and not any(_span_at(window, at) for window in windows):
            starts = [span[0] for window in windows for span in window.spans(at) if span[0] > at]
            if not starts:
                return None
            at = min(starts)
        else:
            return at
    return None


def _span_at(window: Window, at: datetime) -> Span | None:
    return next((span for span in window.spans(at) if span[0] <= at < span[1]), None)


def _frozen_at(freeze: Window, at: datetime) -> Span | None:
    """Return the span of a freeze at `at`.

    In the night that the clock is set back, 02:10 is shown twice: a freeze until 02:30 that ended
    the first time would let corrections begin while the clock still shows a frozen hour.
    """
    spans = freeze.spans(at, widest=True)
    return next((span for span in spans if span[0] <= at < span[1]), None)


def _dated(words: str, found: re.Match[str]) -> Dated:
    zone = _zone(words[found.end() :].strip())
    start, end = _bound(found["start"]), _bound(found["end"])
    if len(found["end"]) == _DATE_LENGTH:
        end = _day_after(end[0])
    widest = _widest(start, end, zone)
    if widest[0] >= widest[1]:
        raise InvalidError(f"{words!r} ends before it begins")
    return Dated(words, _span(start, end, zone), widest)


def _bound(text: str) -> Shown:
    written = _BOUND.match(text)
    rest = text[written.end() :] if written is not None else ""
    if _OFFSET.fullmatch(rest):
        raise InvalidError(
            f"{text!r} names {rest!r}, an offset from UTC",
            remedy=f"leave {rest!r} out, and write a time zone behind both times,"
            " such as `2026-12-20T18:00/2026-12-21T06:00 Europe/Berlin`",
        )
    try:
        # It would read more than that: week dates, and dates without hyphens.
        read = datetime.fromisoformat(text if written is not None and not rest else "")
    except ValueError as error:
        raise InvalidError(
            f"{text!r} is no date", remedy="write it as 2026-12-20 or 2026-12-20T18:00"
        ) from error
    return read.date(), read.time()


def _day_after(day: date) -> Shown:
    return (day, time.max) if day == date.max else (day + _DAY, time())


def _span(start: Shown, end: Shown, zone: ZoneInfo) -> Span:
    """Return from when to when, as short as it can be read; it may end before it begins.

    A window from 02:30 that began the first time the clock shows that would be open while the
    clock shows 02:10 again.
    """
    return max(_moments(start, zone)), min(_moments(end, zone))


def _widest(start: Shown, end: Shown, zone: ZoneInfo) -> Span:
    return min(_moments(start, zone)), max(_moments(end, zone))


def _moments(shown: Shown, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the clock shows it the first and the last time, mostly the same moment."""
    first, last = (_moment(shown, zone, fold=fold) for fold in (0, 1))
    return first, last


def _moment(shown: Shown, zone: ZoneInfo, *, fold: int) -> datetime:
    if shown[0].year >= _LAST.year:
        return _LAST
    if shown[0].year < _FIRST.year:
        return _FIRST
    moment = datetime.combine(shown[0], shown[1].replace(fold=fold), tzinfo=zone)
    return moment.astimezone(UTC)


def _time(text: str, whole: str) -> time:
    # The end of a day is written 24:00, which no clock shows.
    if text == _DAY_ENDS:
        return time()
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise InvalidError(f"{whole!r}: there is no time {text}") from error


def _days(text: str | None, whole: str) -> frozenset[int]:
    if text is None or text.lower() in {"daily", "every-day"}:
        return frozenset(range(len(_DAYS)))
    days: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise InvalidError(
                f"{whole!r}: {part!r} is no day", remedy=f"days are {', '.join(_DAYS)}"
            )
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days |= {day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)}
    return frozenset(days)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError) as error:
        raise InvalidError(
            f"there is no time zone {name!r}", remedy="name one such as Europe/Berlin or UTC"
        ) from error
