"""Alerts on the wire, and where each is shown; no address of a channel and no key is on it."""

from __future__ import annotations

from typing import Literal

from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import Sentence, SeverityWord, Time


@model
class Ticket(Wire):
    """The ticket of an alert: how its tracker names it, and where people read it."""

    channel: str
    key: str
    url: str


@model
class ShownOn(Wire):
    """What one channel shows of an alert; `error` is why not the newest, or not to all."""

    channel: str
    state: Literal["waiting", "shown", "given_up"]
    sent_at: Time | None
    ticket: Ticket | None
    error: str | None


@model
class Alert(Wire):
    """One cause while it lasts: `still_open` of `total` members have not healed."""

    id: str
    title: str
    state: Literal["open", "resolved"]
    severity: SeverityWord
    revision: int
    opened_at: Time
    changed_at: Time
    resolved_at: Time | None
    total: int
    still_open: int
    stacks: list[str]
    finding_ids: list[str]
    shown_on: list[ShownOn]
    muted_at: Time | None = None
    muted_by: str | None = None
    mute_reason: str | None = None


@model
class MuteBody(Body):
    """Why nothing more is shown of an alert."""

    reason: Sentence
