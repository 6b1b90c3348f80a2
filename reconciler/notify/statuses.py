"""What the status of an answer over HTTP means for a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.ports import ChannelBusyError

REDIRECT: Final = 300
_REFUSED: Final = 400
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_PATIENT: Final = frozenset({408, 425})
_LONGEST_WAIT: Final = timedelta(hours=1)


def check_status(
    where: str,
    status: int,
    *,
    after: timedelta | None,
    is_throttled: bool = False,
    redirected: str,
    refused: str,
) -> None:
    """Return where a message was taken; `where` begins the error, the last two are its remedies.

    Raises:
        RetryableError: the receiver is slow or failing; `ChannelBusyError` where it asks to wait.
        PermanentError: it refuses, or it redirects.
    """
    if status < REDIRECT:
        return
    if status == _TOO_MANY or is_throttled:
        raise ChannelBusyError(where, after=after)
    if status >= _SERVER_FAULT or status in _PATIENT:
        raise RetryableError(where)
    if status < _REFUSED:
        raise PermanentError(f"{where}: redirects are not followed", remedy=redirected)
    raise PermanentError(where, remedy=refused)


def wait_of(retry_after: str, *, now: datetime) -> timedelta | None:
    """Return how long a `Retry-After` asks to wait, at most an hour; None where it says nothing.

    It is a number of seconds or a date (RFC 9110, 10.2.3).
    """
    if retry_after.isascii() and retry_after.isdecimal():
        return min(timedelta(seconds=int(retry_after[:6])), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    # A date without a zone is in UTC: it is an HTTP date.
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), _LONGEST_WAIT)
