from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.ages import absolute, ago, ahead, span, took

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (1, "just now"),
        (12, "12 s ago"),
        (59.9, "59 s ago"),
        (240, "4 min ago"),
        (3 * 3600 + 5, "3 h ago"),
        (49 * 3600, "2 d ago"),
    ],
)
def test_the_past_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), now=NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(-60, "now"), (0.5, "now"), (12, "in 12 s"), (700, "in 11 min")]
)
def test_the_future_likewise(seconds: float, words: str) -> None:
    assert ahead(NOW + timedelta(seconds=seconds), now=NOW) == words


def test_never_is_a_dash() -> None:
    assert ago(None, now=NOW) == ahead(None, now=NOW) == absolute(None) == "-"


def test_a_moment_is_told_in_utc() -> None:
    assert (
        absolute(datetime.fromisoformat("2026-05-01T12:00:00.123+02:00")) == "2026-05-01 10:00:00Z"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.25, "250 ms"),
        (42.5, "42.5 s"),
        (200, "3 min 20 s"),
        (119.9, "1 min 59 s"),
        (7300, "2 h 1 min"),
    ],
)
def test_a_run_is_told_more_finely(seconds: float, words: str) -> None:
    assert took(seconds) == words


@given(st.floats(0, 10**9), st.floats(0, 10**9))
def test_a_longer_span_is_never_told_as_a_shorter_one(one: float, other: float) -> None:
    sizes = {"s": 1, "min": 60, "h": 3600, "d": 86_400}

    def least(text: str) -> int:
        number, unit = text.split()
        return int(number) * sizes[unit]

    shorter, longer = sorted((one, other))
    assert least(span(shorter)) <= least(span(longer)) <= longer
