"""A channel that shows alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from reconciler.domain.errors import RetryableError

if TYPE_CHECKING:  # a scan loads no records
    from reconciler.domain.notices import Notice


class ChannelBusyError(RetryableError):
    """A channel asks to be left alone for a while: `after`, where it says how long."""

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class PartlyShownError(ChannelBusyError):
    """A channel failed after it had taken a part: `receipt` is where to go on.

    With `tries` it took the message, and only some of those it is for are left: they were offered
    it so often, and other messages need not wait.
    """

    def __init__(
        self,
        message: str,
        *,
        receipt: Mapping[str, str],
        after: timedelta | None = None,
        tries: int = 0,
    ) -> None:
        super().__init__(message, after=after)
        self.receipt = receipt
        self.tries = tries


class Notifier(Protocol):
    """One channel: a mail server, a chat room, a pager, a receiver of webhooks."""

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Make the channel show `notice`; return what it takes to change that message later.

        `receipt` is what the last call for this alert left, empty at first. The same notice
        twice is harmless: both carry the same key. What ends with an error may have been shown.

        Raises:
            RetryableError: not now; `ChannelBusyError` when it was asked to wait, and
                `PartlyShownError` when the next call need not begin anew.
            PermanentError: never, as it is configured: a wrong key, a room that is not there.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
