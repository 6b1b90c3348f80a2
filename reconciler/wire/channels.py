"""Channels on the wire; no address and no key is on it."""

from __future__ import annotations

from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time


@model
class Channel(Wire):
    """A channel: which events open an alert on it, and how it stands.

    `shown`, `waiting` and `given_up` count alerts; `error` is why one could not be shown. `lost`
    is how many messages were given up since it last took one; the first of them at `lost_since`.
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


@model
class ChannelTried(Wire):
    """What came of a test message; `error` is null where the channel took it."""

    channel: str
    alert_id: str
    error: str | None
