from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.cadence import next_scan_after, patience, retry_after
from reconciler.domain.model import StackName
from reconciler.domain.records import StackRecord
from tests.unit.domain.drift import AT

MINUTE = timedelta(minutes=1)
STACK = StackRecord(StackName("shop"), "terraform", "/shop", interval=timedelta(minutes=20))


def wait(stack: StackRecord = STACK, **more: Any) -> timedelta:
    return next_scan_after(stack, **{"now": AT, "acted_on": False, **more})


@given(st.text(max_size=20))
def test_passes_are_spread_by_a_tenth(name: str) -> None:
    assert 18 * MINUTE <= wait(replace(STACK, name=StackName(name))) <= 22 * MINUTE


def test_many_stacks_are_not_looked_at_at_once() -> None:
    waits = {wait(replace(STACK, name=StackName(f"s{number}"))) for number in range(100)}
    assert len(waits) == 100


def test_an_adaptive_stack_is_looked_at_sooner_while_something_is_done() -> None:
    adaptive = replace(STACK, adaptive=True)
    assert wait(adaptive) >= 18 * MINUTE
    assert 4.5 * MINUTE <= wait(adaptive, acted_on=True) <= 5.5 * MINUTE
    assert wait(acted_on=True) >= 18 * MINUTE


@pytest.mark.parametrize(("seconds", "expected"), [(20, 10), (10, 10), (400, 100)])
def test_sooner_is_never_sooner_than_ten_seconds(seconds: int, expected: int) -> None:
    adaptive = replace(STACK, adaptive=True, interval=timedelta(seconds=seconds))
    assert wait(adaptive, acted_on=True) >= timedelta(seconds=expected * 0.9)


@pytest.mark.parametrize(("failing", "intervals"), [(0, 1), (20, 1), (40, 2), (900, 4)])
def test_a_failing_stack_is_looked_at_ever_more_seldom(failing: int, intervals: int) -> None:
    stack = replace(STACK, error="away", error_since=AT - failing * MINUTE)
    expected = intervals * STACK.interval
    assert expected * 0.9 <= wait(stack) <= expected * 1.1


def test_drift_is_confirmed_when_its_time_has_come() -> None:
    assert wait(confirm_by=AT + 0.5 * MINUTE) == timedelta(seconds=30)
    assert wait(confirm_by=AT - MINUTE) == timedelta(seconds=1)
    assert wait(confirm_by=AT + 900 * MINUTE) <= 22 * MINUTE


def test_retries_take_ever_longer_but_no_longer_than_half_an_hour() -> None:
    assert [retry_after(n).total_seconds() for n in (0, 1, 2, 3, 4, 5, 99)] == [
        30, 30, 90, 270, 810, 1800, 1800,
    ]  # fmt: skip


@pytest.mark.parametrize(("waited", "seconds"), [(0, 30), (400, 100), (90_000, 1800)])
def test_who_waits_for_others_asks_ever_more_seldom(waited: int, seconds: int) -> None:
    since = AT - timedelta(seconds=waited)
    assert patience(since, AT) == timedelta(seconds=seconds)
