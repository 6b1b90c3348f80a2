"""Channels on the wire; no address and no key is on it."""

from __future__ import annotations

from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time


@model
class Channel(Wire):
    """A channel: which events open an alert on it, and how it stands.

    `shown`, `waiting` and `given_up` count alerts. `failing` is how many messages were not taken
    and are tried again, the first of them failing since `failing_since`, the next at
    `tried_again_at`. `lost` is how many were given up since it last took one, the first at
    `lost_since`. `error` is why the last of those failed; null where none fails or was lost.
    `failed_test` is why its last test failed, where it took no message since.
    `matches_no_stack` says that no registered stack matches `stacks`, so nothing is ever shown.
    """

    name: str
    events: list[str]
    min_severity: str
    stacks: list[str]
    shown: int
    waiting: int
    given_up: int
    error: str | None
    lost: int = 0
    lost_since: Time | None = None
    failing: int = 0
    failing_since: Time | None = None
    tried_again_at: Time | None = None
    matches_no_stack: bool = False
    failed_test: str | None = None


@model
class ChannelTried(Wire):
    """What came of a test message; `error` is null where the channel took it.

    `not_reached` says whom it did not reach all the same, such as a recipient that a mail server
    refused; null where it reached everybody. With `left_open` the channel took the test alert and
    not its end, so the test may be open there.
    """

    channel: str
    alert_id: str
    error: str | None
    not_reached: str | None = None
    left_open: bool = False
