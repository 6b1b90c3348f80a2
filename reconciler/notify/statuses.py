"""What the status of an answer over HTTP means for a message."""

from __future__ import annotations

from datetime import timedelta
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


def wait_of(seconds: str) -> timedelta | None:
    """Return how long a `Retry-After` in seconds asks to wait, at most an hour; else None."""
    if not seconds.isdecimal():
        return None
    return min(timedelta(seconds=int(seconds[:6])), _LONGEST_WAIT)
