from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.errors import InvalidError
from reconciler.domain.windows import Window, closed_at, read_window

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opens(now: str, *, windows: str = "", freezes: str = "") -> datetime | str | None:
    """Return when corrections may begin again, or `open`."""
    read = [[read_window(one) for one in text.split(";") if one] for text in (windows, freezes)]
    closed = closed_at(utc(now), windows=read[0], freezes=read[1])
    return "open" if closed is None else closed.until


DAYTIME = "Mon-Fri 09:00-17:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("now", "windows", "freezes", "expected"),
    [
        ("2026-11-27T08:00", DAYTIME, "", "open"),
        ("2026-11-27T07:59", DAYTIME, "", utc("2026-11-27T08:00")),
        ("2026-11-27T16:00", DAYTIME, "", utc("2026-11-30T08:00")),
        # In summer the same hours are an hour earlier in UTC.
        ("2026-07-03T06:59", DAYTIME, "", utc("2026-07-03T07:00")),
        ("2026-11-28T03:59", "22:00-04:00 UTC", "", "open"),
        ("2026-11-28T04:00", "22:00-04:00 UTC", "", utc("2026-11-28T22:00")),
        ("2026-11-28T23:59", "Sat 00:00-24:00 UTC", "", "open"),
        ("2026-11-29T00:00", "Sat 00:00-24:00 UTC", "", utc("2026-12-05T00:00")),
        ("2026-11-29T12:00", "fri-mon 10:00-14:00", "", "open"),
        ("2026-12-24T12:00", "", "2026-12-20/2027-01-03 Europe/Berlin", utc("2027-01-03T23:00")),
        ("2027-01-03T23:00", "", "2026-12-20/2027-01-03 Europe/Berlin", "open"),
        # Freezes that follow each other are one; it ends outside of the window.
        (
            "2026-12-24T12:00",
            DAYTIME,
            "2026-12-20/2026-12-26;2026-12-27T00:00/2026-12-30T20:00",
            utc("2026-12-31T08:00"),
        ),
        # A freeze goes before a window.
        ("2026-11-27T10:00", DAYTIME, "Fri 09:00-24:00 Europe/Berlin", utc("2026-11-30T08:00")),
        ("2026-11-27T10:00", DAYTIME, "00:00-24:00 UTC", None),
    ],
)
def test_corrections_begin_when_they_may(
    now: str, windows: str, freezes: str, expected: object
) -> None:
    assert opens(now, windows=windows, freezes=freezes) == expected


@pytest.mark.parametrize(
    ("window", "begins", "ends"),
    [
        # On 29 March 2026 the hour from two to three is left out in Berlin.
        ("Sun 01:30-03:30 Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:30"),
        ("Sun 02:15-04:00 Europe/Berlin", "2026-03-29T01:15", "2026-03-29T02:00"),
        ("Sun 01:00-02:30 Europe/Berlin", "2026-03-29T00:00", "2026-03-29T00:30"),
        # On 25 October 2026 it is shown twice: it ends the first time, and begins the second.
        ("Sun 01:30-02:30 Europe/Berlin", "2026-10-24T23:30", "2026-10-25T00:30"),
        ("Sun 02:30-04:00 Europe/Berlin", "2026-10-25T01:30", "2026-10-25T03:00"),
        ("2026-10-25T02:30/2026-10-25T04:00 Europe/Berlin", "2026-10-25T01:30", "2026-10-25T03:00"),
    ],
)
def test_a_window_follows_its_clock_through_the_night_it_is_changed(
    window: str, begins: str, ends: str
) -> None:
    read = read_window(window)
    spans = list(read.spans(utc(begins) - timedelta(hours=5)))
    assert (utc(begins), utc(ends)) in spans


@pytest.mark.parametrize(
    ("freeze", "frozen_from", "frozen_until"),
    [
        ("Sun 01:30-02:30 Europe/Berlin", "2026-10-24T23:30", "2026-10-25T01:30"),
        ("Sun 02:15-02:45 Europe/Berlin", "2026-10-25T00:15", "2026-10-25T01:45"),
        ("2026-10-25T01:00/2026-10-25T02:30 Europe/Berlin", "2026-10-24T23:00", "2026-10-25T01:30"),
        ("2026-10-25T02:15/2026-10-25T02:45 Europe/Berlin", "2026-10-25T00:15", "2026-10-25T01:45"),
        ("Sun 02:15-04:00 Europe/Berlin", "2026-03-29T00:15", "2026-03-29T02:00"),
        ("Sat 22:00-02:30 Europe/Berlin", "2026-10-24T20:00", "2026-10-25T01:30"),
    ],
)
def test_a_freeze_lasts_as_long_as_the_clock_can_be_read(
    freeze: str, frozen_from: str, frozen_until: str
) -> None:
    assert opens(frozen_from, freezes=freeze) == utc(frozen_until)
    before = (utc(frozen_from) - timedelta(seconds=1)).isoformat()[:-6]
    assert opens(before, freezes=freeze) == "open"
    assert opens(frozen_until, freezes=freeze) == "open"


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - UTC below
    st.sampled_from([DAYTIME, "22:00-04:00 America/New_York", "Sat,Sun 02:15-02:45 Europe/Berlin"]),
)
def test_until_is_the_first_moment_at_which_it_is_open(at: datetime, text: str) -> None:
    now, windows = at.replace(tzinfo=UTC), (read_window(text),)
    closed = closed_at(now, windows=windows)
    if closed is None:
        return
    assert closed.until is not None
    assert now < closed.until <= now + timedelta(days=8)
    assert closed_at(closed.until, windows=windows) is None
    assert closed_at(closed.until - timedelta(seconds=1), windows=windows) is not None


def test_the_same_hours_are_kept_on_the_wall_clock_all_year() -> None:
    window: Window = read_window("09:00-17:00 Europe/Berlin")
    for day in range(0, 730, 7):
        now = utc("2026-01-01T12:00") + timedelta(days=day)
        for begin, end in window.spans(now):
            assert (begin.astimezone(BERLIN).hour, end.astimezone(BERLIN).hour) == (9, 17)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no window"),
        ("Mon 9-10", "is no window"),
        ("Mox 09:00-10:00 UTC", "'mox' is no day"),
        ("25:00-26:00", "there is no time 25:00"),
        ("Mon 24:00-02:00", "a day begins at 00:00"),
        ("09:00-10:00 Mars/Olympus", "there is no time zone 'Mars/Olympus'"),
        ("09:00-10:00 ../etc/passwd", "there is no time zone"),
        ("2026-13-01/2026-12-01", "'2026-13-01' is no date"),
        ("2026-12-02/2026-12-01", "ends before it begins"),
        ("2026-12-20/20270103", "'20270103' is no date"),
        ("2026-W51-1/2026-W52-1", "'2026-W51-1' is no date"),
        ("2026-12-20T18/2026-12-21", "'2026-12-20T18' is no date"),
        ("2026-12-20T18:00-05:00/2026-12-21T18:00-05:00", "an offset from UTC"),
        ("2026-12-20T18:00+05:00/2026-12-21", "an offset from UTC"),
        ("2026-12-20T18:00Z/2026-12-21T18:00Z UTC", "an offset from UTC"),
        ("2026-12-20/2026-12-21Europe/Berlin", "is no date"),
    ],
)
def test_what_is_no_window_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidError, match=why):
        read_window(text)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_freeze_may_last_to_the_last_day_there_is(zone: str) -> None:
    text = f"2026-12-20/9999-12-31 {zone}"
    assert opens("2026-12-24T12:00", freezes=text) not in {"open", None}
    assert opens("9000-01-01T12:00", freezes=text) not in {"open", None}
    assert opens("2026-12-18T12:00", freezes=text) == "open"


@pytest.mark.parametrize("text", ["0001-01-01/2026-12-31", "2026-12-20/9999-12-31T23:59"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_ends_of_time_are_read_in_every_zone(text: str, zone: str) -> None:
    read = read_window(f"{text} {zone}")
    assert all(begin <= end for begin, end in read.spans(utc("2026-12-20T12:00")))


def test_a_window_within_the_hour_that_is_shown_twice_opens_a_week_later() -> None:
    window = "Sun 02:15-02:45 Europe/Berlin"
    assert opens("2026-10-25T00:30", windows=window) == utc("2026-11-01T01:15")
    assert opens("2026-10-18T12:00", windows=window) == utc("2026-11-01T01:15")


@given(
    st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 6)),  # noqa: DTZ001 - UTC below
    st.times(),
    st.times(),
)
def test_an_open_window_names_what_the_clock_shows(at: datetime, begin: time, end: time) -> None:
    begin, end = (bound.replace(second=0, microsecond=0) for bound in (begin, end))
    window = read_window(f"{begin:%H:%M}-{end:%H:%M} Europe/Berlin")
    if closed_at(at.replace(tzinfo=UTC), windows=[window]) is None:
        shown = at.replace(tzinfo=UTC).astimezone(BERLIN).time()
        within = begin <= shown < end if begin < end else shown >= begin or shown < end
        assert within
