"""When a stack is looked at again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.records import StackRecord

SHORTEST: Final = timedelta(seconds=10)
_SOONER: Final = 4
_MOST_BACKED_OFF: Final = 4
_JITTER: Final = 0.1
_FIRST_RETRY: Final = timedelta(seconds=30)
_RETRY_FACTORS: Final = (1, 3, 9, 27, 60)
_LONGEST_RETRY: Final = timedelta(minutes=30)


NOT_SCANNED: Final = "embedded"
"""The source of a stack that is known only while an embedding program applies to it."""

CLOCK_SKEW: Final = timedelta(seconds=5)
"""A time this far ahead of now was written by a clock that has been set back since."""


def is_due(stack: StackRecord, *, now: datetime) -> bool:
    """Whether `stack` is to be scanned now; one of an embedding program never is.

    Its `next_due_at` is not believed when the last scan lies in the future: the clock was
    ahead then, and the stack would not be scanned until the clock gets there again.
    """
    if stack.source == NOT_SCANNED:
        return False
    if stack.next_due_at is None or stack.next_due_at <= now:
        return True
    return stack.last_scan_at is not None and stack.last_scan_at > now + CLOCK_SKEW


def longest_wait(stack: StackRecord) -> timedelta:
    """Return the longest pause that `next_scan_after` can give `stack`."""
    return stack.interval * _MOST_BACKED_OFF * (1 + _JITTER)


def next_scan_after(
    stack: StackRecord,
    *,
    now: datetime,
    acted_on: bool,
    confirm_by: datetime | None = None,
) -> timedelta:
    """Return how long to wait for the next scan of `stack`, which was just recorded.

    An adaptive stack with drift that something is done about is looked at four times as
    often; one that fails ever more seldom, down to a quarter as often. Drift that waits to be
    seen again is looked at when its time has come, at `confirm_by`. Passes of many stacks
    are spread by up to a tenth.
    """
    if stack.error is not None:
        return _spread(_backed_off(stack, now), stack, now)
    wait = stack.interval
    if stack.adaptive and acted_on:
        wait = max(wait / _SOONER, min(SHORTEST, stack.interval))
    wait = _spread(wait, stack, now)
    return wait if confirm_by is None else min(wait, max(confirm_by - now, timedelta(seconds=1)))


def retry_after(attempt: int) -> timedelta:
    """Return the pause after attempt `attempt`: 30 s, then ever three times it, to 30 min."""
    return _FIRST_RETRY * _RETRY_FACTORS[min(max(attempt, 1), len(_RETRY_FACTORS)) - 1]


def patience(waiting_since: datetime, now: datetime) -> timedelta:
    """Return the pause of something that waits for others: the longer it has, the longer."""
    return min(max((now - waiting_since) / _SOONER, _FIRST_RETRY), _LONGEST_RETRY)


def _backed_off(stack: StackRecord, now: datetime) -> timedelta:
    failing = now - (stack.error_since or now)
    return min(max(failing, stack.interval), stack.interval * _MOST_BACKED_OFF)


def _spread(wait: timedelta, stack: StackRecord, now: datetime) -> timedelta:
    # Drawn from name and time: no two stacks alike, and the same each time it is asked.
    drawn = hashlib.sha256(f"{stack.name}\n{now.isoformat()}".encode("utf-8", "replace")).digest()
    share = int.from_bytes(drawn[:4], "big") / 0xFFFFFFFF
    return wait * (1 - _JITTER + 2 * _JITTER * share)
