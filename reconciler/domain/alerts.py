"""Alerts: one per cause, shown on each channel and kept up to date there until it is over. Pure.

Nothing queues messages. An alert has a revision, and each channel a row that says which
revision it shows; delivering makes the second equal to the first (docs/adr/0029-alerts.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType

from reconciler.domain.errors import InvalidError
from reconciler.domain.events import CATALOGUE, CHANNEL_FAILED, DRIFT_IGNORED, REMEDIATION, named_by
from reconciler.domain.model import Severity, StackName
from reconciler.domain.records import FindingRecord

AlertId = NewType("AlertId", str)

FINDING: Final = "finding"
STACK: Final = "stack"
CHANNEL: Final = "channel"
RELEASE: Final = "release"
TEST: Final = "test"
HEARTBEAT: Final = AlertId("heartbeat")
"""In place of an alert's id, where a channel's last heartbeat is kept."""
LOSSES: Final = AlertId("losses")
"""In place of an alert's id, where it is kept what a channel has lost (`channel_losses`)."""
NOT_REACHED: Final = "not_reached"
"""The key of a receipt: whom the message did not reach, and why; all others have it."""
LEFT_OF: Final = "left_of"
"""The key of a receipt: the revision whose message some have, and others are offered again."""

STALE_AFTER: Final = 3
"""A stack that was not verified for so many of its intervals is an alert of its own."""
GIVE_UP_AFTER: Final = timedelta(hours=24)
_FIRST_RETRY: Final = timedelta(seconds=30)
_LONGEST_RETRY: Final = timedelta(hours=1)

DRIFT_EVENTS: Final = frozenset(name for name in CATALOGUE if name.startswith("drift."))
REMEDIATION_EVENTS: Final = frozenset(
    f"{REMEDIATION}{state}"
    for state in (
        "awaiting_approval", "held", "unknown", "needs_human", "converged",
        "suppressed", "rejected", "expired", "cancelled", "failed",
    )
)  # fmt: skip
"""Those that change what an alert says; the steps between them do not."""
STACK_EVENTS: Final = frozenset({"stack.error", "stack.stale"})
CHANNEL_EVENTS: Final = frozenset({CHANNEL_FAILED})
ENDING_EVENTS: Final = frozenset(
    {"drift.healed", DRIFT_IGNORED, "remediation.converged", "remediation.suppressed"}
)
"""With these a member leaves: alone they open an alert only where others stay."""
EVENTS: Final = DRIFT_EVENTS | REMEDIATION_EVENTS | STACK_EVENTS | CHANNEL_EVENTS
"""What can open an alert on a channel."""
DEFAULT_EVENTS: Final = frozenset(
    {"drift.detected", "drift.reopened", "remediation.awaiting_approval",
     "remediation.unknown", "remediation.needs_human", "remediation.failed"}
) | STACK_EVENTS | CHANNEL_EVENTS  # fmt: skip
REVIEW_EVENTS: Final = (
    frozenset({"remediation.awaiting_approval", "remediation.unknown", "remediation.needs_human"})
    | CHANNEL_EVENTS
)
"""What waits for a person, such as `manual_review`: tickets are opened by these by default."""


class AlertState(StrEnum):
    """Whether its cause is still there."""

    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause while it lasts; the same cause later is another alert.

    `severity` is that of its most severe member so far. `events` are the types that led to it.
    One that was muted is shown nowhere until it is over.
    """

    id: AlertId
    cause: str
    state: AlertState
    revision: int
    severity: Severity
    opened_at: datetime
    changed_at: datetime
    events: tuple[str, ...] = ()
    resolved_at: datetime | None = None
    muted_at: datetime | None = None
    muted_by: str | None = None
    mute_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """What an alert is about: a finding, or a stack, a channel or a release that needs somebody."""

    subject: str
    alert_id: AlertId
    open: bool = True


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How many members an alert has, and how many of them are open."""

    total: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one channel shows of one alert.

    `receipt` is what the channel needs to change its message: ids, never a secret. With `given_up`
    nothing more is tried. Of one that nothing is shown of, `sent_at` is when a message was begun.
    `failing_since` is since when its channel fails: of one without attempts, others were tried.
    """

    channel: str
    alert_id: AlertId
    next_at: datetime
    sent_revision: int = 0
    sent_at: datetime | None = None
    receipt: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    given_up: bool = False

    @property
    def shown(self) -> bool:
        """Whether anybody saw the alert on this channel."""
        return self.sent_revision > 0 or self.partly

    @property
    def partly(self) -> bool:
        """Whether some have its last message, and others are offered it again."""
        return LEFT_OF in self.receipt

    @property
    def offered_revision(self) -> int:
        """The revision that those who could be reached have."""
        return int(self.receipt.get(LEFT_OF, self.sent_revision))

    @property
    def may_be_seen(self) -> bool:
        """Whether a message was begun, and may have come though nothing says so."""
        return self.shown or self.attempts > 0 or self.sent_at is not None

    @property
    def not_reached(self) -> str | None:
        """Whom what is shown did not reach, and why; None where everybody has it."""
        return self.receipt.get(NOT_REACHED)

    def begun(self, *, at: datetime) -> Delivery:
        """Return it as it is noted before its first message: who ends while sending has shown it.

        Else a drift that is gone by the next start would leave what nobody ends.
        """
        return replace(self, sent_at=at)

    def revived(self, *, at: datetime) -> Delivery:
        """Return one that was given up as one to try again."""
        return replace(self, given_up=False, next_at=at, attempts=0, failing_since=None, error=None)

    def retried(self, *, at: datetime) -> Delivery:
        """Return one that fails as one to try now, which fails for no shorter.

        What is overdue waited for a daemon: that time is none in which its channel failed.
        """
        since = self.failing_since
        if since is not None:
            # A time that lies ahead was noted by a clock that has been set back since.
            since = min(at, since + max(at - self.next_at, timedelta()))
        # Of one that was tried, its first failure was told of; its pauses begin anew. The time it
        # was overdue counts once: daemons that are started in a row would take it off each time.
        return replace(self, next_at=at, attempts=min(self.attempts, 1), failing_since=since)

    def beside_others(self, *, taken: bool) -> Delivery:
        """Return it as it waits where its channel has `taken` others: untried, it does not fail."""
        return replace(self, failing_since=None) if taken and not self.attempts else self

    def taken(self, revision: int, receipt: Mapping[str, str], *, at: datetime) -> Delivery:
        """Return it once the channel shows that revision of the alert."""
        return replace(
            self,
            sent_revision=revision,
            sent_at=at,
            receipt=receipt,
            attempts=0,
            failing_since=None,
            error=None,
        )


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel stands: alerts it shows, alerts it could not show yet or ever, and why.

    `failing` is how many messages were tried and not taken, the first of them at `failing_since`;
    they are tried again from `tried_again_at` on. `lost` is how many messages were given up since
    the channel last took one, and `lost_since` is when the first of them was. `error` is why the
    last of those failed. `failed_test` is why its last test failed, where it took no message
    since. With `matches_no_stack` none of the stacks that are registered is one of
    `stacks`.
    """

    name: str
    events: tuple[str, ...]
    min_severity: Severity
    stacks: tuple[str, ...]
    shown: int = 0
    waiting: int = 0
    given_up: int = 0
    error: str | None = None
    failing: int = 0
    failing_since: datetime | None = None
    tried_again_at: datetime | None = None
    lost: int = 0
    lost_since: datetime | None = None
    matches_no_stack: bool = False
    failed_test: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test; `error` is None where the channel took both messages.

    `not_reached` is whom they did not reach all the same, and why. With `left_open` it took the
    test alert, and not its end.
    """

    channel: str
    alert_id: str
    error: str | None
    not_reached: str | None = None
    left_open: bool = False


def subject_of(kind: str, name: str) -> str:
    """Return how a member is named."""
    return f"{kind}:{name}"


def read_subject(subject: str) -> tuple[str, str]:
    """Return the kind and the name of a member."""
    kind, _, name = subject.partition(":")
    return kind, name


def cause_of(record: FindingRecord) -> str:
    """Return what made a finding: the same change of the same type has one cause everywhere.

    An object that is gone or cannot be read shares its cause with those of its own stack only.
    """
    changes = [
        (str(change.get("path")), change.get("recorded"), change.get("live"))
        for change in record.details.get("changes") or ()
    ]
    where: object = sorted(changes, key=_as_json) if changes else record.stack
    written = _as_json([record.type, record.kind.value, where])
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def cause_of_stack(stack: StackName) -> str:
    """Return the cause of a stack that cannot be verified."""
    return subject_of(STACK, stack)


def cause_of_channel(name: str) -> str:
    """Return the cause of a channel that shows no alerts."""
    return subject_of(CHANNEL, name)


def is_test(cause: str) -> bool:
    """Whether it is somebody who tries a channel."""
    return read_subject(cause)[0] == TEST


def channel_of(cause: str) -> str | None:
    """Return the channel whose failing is the cause; None of any other cause."""
    kind, name = read_subject(cause)
    return name if kind == CHANNEL else None


def retry_at(attempts: int, *, at: datetime, after: timedelta | None = None) -> datetime:
    """Return when to try again after `attempts` failures; not before `after`, if that was asked."""
    doubled: int = 1 << min(attempts - 1, 10)
    wait = min(_FIRST_RETRY * doubled, _LONGEST_RETRY)
    return at + max(wait, after or timedelta())


def alerting_events(
    words: Iterable[str], *, default: frozenset[str] = DEFAULT_EVENTS
) -> frozenset[str]:
    """Return the events that `words` name: types, or beginnings up to a dot; else `default`.

    Raises:
        InvalidError: a word names no event, or only such as open no alert.
    """
    found: set[str] = set()
    for word in words:
        if word in STACK_EVENTS:
            found.add(word)
            continue
        named = named_by([word]) & EVENTS
        if not named:
            raise InvalidError(
                f"the event {word!r} opens no alert: a channel would never hear of it",
                remedy="docs/alerts.md lists those that do",
            )
        found |= named
    return frozenset(found) or default


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
