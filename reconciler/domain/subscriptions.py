"""Which alerts a channel shows, and when: at once, gathered, after a while, not at night. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.domain.alerts import DEFAULT_EVENTS, Alert, AlertState, Delivery, channel_of
from reconciler.domain.globs import glob_matches
from reconciler.domain.model import Severity, StackName
from reconciler.domain.windows import Window, closed_at

DIGEST: Final = "digest"
"""The key of a receipt of what was shown in a digest, and not by a message of its own."""
PUT_OFF: Final = "put_off"
"""The key of a receipt of what is not shown yet, and was put off by who takes care of it."""
_SOON: Final = timedelta(seconds=10)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which alerts a channel shows: opened by one of `events`, then followed to their end.

    The first message waits `group_wait`, so that one cause in many stacks is one message, or
    `after` where only what lasts is of interest, counted anew once when somebody takes care of it.
    Later ones come `update_every` at the most, but for the end, for a higher severity, and for
    who takes care. With `digest`, what is not critical is gathered into one message each `digest`.
    Within `quiet`, only what is critical is shown. `heartbeat` is how often it is said that
    everything was verified and nothing drifted, outside of `quiet`. `link` is the template of an
    address for messages, and `public_url` is where people reach the API.
    """

    channel: str
    events: frozenset[str] = DEFAULT_EVENTS
    min_severity: Severity = Severity.LOW
    stacks: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=10)
    update_every: timedelta = timedelta(minutes=1)
    after: timedelta = timedelta()
    digest: timedelta | None = None
    quiet: tuple[Window, ...] = ()
    heartbeat: timedelta | None = None
    link: str | None = None
    public_url: str | None = None

    def opens(
        self, before: Alert, alert: Alert, events: Iterable[str], stacks: Iterable[StackName]
    ) -> bool:
        """Whether `events`, which led from `before` to `alert` in `stacks`, begin a message.

        Where the severity has just reached `min_severity`, all events of the alert count: those
        that the channel asks for came while it was too low. A channel that fails is of no stack,
        and never told of by itself.
        """
        if alert.state is not AlertState.OPEN or alert.severity < self.min_severity:
            return False
        counted = alert.events if before.severity < self.min_severity else events
        if self.events.isdisjoint(counted):
            return False
        failing = channel_of(alert.cause)
        if failing is not None:
            return failing != self.channel
        return not self.stacks or any(self.names(stack) for stack in stacks)

    def names(self, stack: StackName) -> bool:
        """Whether alerts of `stack` may be shown."""
        return not self.stacks or any(glob_matches(glob, stack) for glob in self.stacks)

    def begin(self, alert: Alert, *, at: datetime) -> Delivery:
        """Return the row of a channel that has shown nothing yet."""
        first = max(at + self.group_wait, alert.opened_at + self.after)
        if self.digest is not None and not is_urgent(alert):
            first = max(first, self._next_digest(at))
        return Delivery(self.channel, alert.id, next_at=first)

    def again(
        self,
        delivery: Delivery,
        before: Alert,
        alert: Alert,
        *,
        at: datetime,
        is_cared_for: bool = False,
        puts_off: bool = False,
    ) -> Delivery:
        """Return `delivery` with when it shows `alert`, which was `before`.

        With `is_cared_for` somebody has just acknowledged it, or approved a plan; with `puts_off`
        that was in a stack that the channel asks for.
        """
        # What some have is not held back from them until the others are tried again.
        if delivery.given_up or (delivery.attempts and not delivery.partly):
            return delivery
        rises = alert.severity > before.severity
        if not delivery.shown:
            if alert.state is AlertState.RESOLVED and delivery.may_be_seen:
                # Its first message was begun and never noted: an incident may be open.
                return replace(delivery, next_at=min(delivery.next_at, at))
            if rises:
                # It may wait for a digest or for the morning, which what is critical does not.
                soon = self.begin(alert, at=at).next_at
                anew = replace(delivery, receipt=own_receipt(delivery))
                return replace(anew, next_at=min(delivery.next_at, soon))
            return self._put_off(delivery, at=at) if puts_off else delivery
        if self.is_gathered(alert, delivery):
            # Put off by a day or more, it is no longer one that fails since a pause before.
            return replace(delivery, next_at=self._next_digest(at), failing_since=None)
        if rises or alert.state is AlertState.RESOLVED or delivery.sent_at is None:
            return replace(delivery, next_at=at)
        # A phone rings until then. Those who acknowledge each of its members make no storm either.
        pause = min(self.update_every, _SOON) if is_cared_for else self.update_every
        due = max(at, delivery.sent_at + pause)
        if delivery.offered_revision < before.revision:
            # It is owed already, be it at once: its channel may be busy with another message.
            due = min(due, max(at, delivery.next_at))
        return replace(delivery, next_at=due)

    def _put_off(self, delivery: Delivery, *, at: datetime) -> Delivery:
        """Return it as due `after` from now, unless it was put off before or was begun.

        Put off by each acknowledgement, a page would come after the last of them only.
        """
        if delivery.may_be_seen or not self.after or PUT_OFF in delivery.receipt:
            return delivery
        later = max(delivery.next_at, at + self.after)
        noted = {**delivery.receipt, PUT_OFF: at.isoformat()}
        return replace(delivery, next_at=later, receipt=noted)

    def is_gathered(self, alert: Alert, delivery: Delivery) -> bool:
        """Whether it is shown in a digest, and not by a message of its own."""
        if self.digest is None or is_urgent(alert):
            return False
        return not delivery.shown or DIGEST in delivery.receipt

    def quiet_until(self, alert: Alert, *, at: datetime) -> datetime | None:
        """Return until when nothing is shown of `alert`; None when it may be shown now."""
        return None if is_urgent(alert) else self.silent_until(at=at)

    def silent_until(self, *, at: datetime) -> datetime | None:
        """Return the end of the quiet span that `at` is in; None when it is in none."""
        closed = closed_at(at, freezes=self.quiet)
        return None if closed is None else closed.until or at + timedelta(days=1)

    def _next_digest(self, at: datetime) -> datetime:
        every = self.digest or timedelta()
        return _EPOCH + ((at - _EPOCH) // every + 1) * every


def is_urgent(alert: Alert) -> bool:
    """Whether it waits for no digest and no morning."""
    return alert.severity is Severity.CRITICAL


def own_receipt(delivery: Delivery) -> dict[str, str]:
    """Return what its channel has given for a message of its own: none was that of a digest."""
    if DIGEST in delivery.receipt:
        return {}
    return {key: value for key, value in delivery.receipt.items() if key != PUT_OFF}
