"""News folded into alerts, one per cause, and into what each channel owes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from reconciler.domain.alerts import (
    Alert,
    AlertId,
    AlertState,
    Member,
)
from reconciler.domain.events import (
    DRIFT_ACKNOWLEDGED,
    REMEDIATION,
)
from reconciler.domain.model import StackName
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alert_causes import Now, now_of
from reconciler.engine.journal import new_id
from reconciler.stores import Transaction

_APPROVED: Final = f"{REMEDIATION}{RemediationState.QUEUED.value}"
"""Where an approval leads; other ways there are no news."""
_OPENS_NONE: Final = frozenset({DRIFT_ACKNOWLEDGED, _APPROVED})
"""What a person does about drift: told where the drift is shown, and no alert of its own."""


@dataclass(slots=True)
class Folding:
    """One transaction's worth of news, folded into alerts and what channels owe."""

    tx: Transaction
    subscriptions: Sequence[Subscription]
    at: datetime
    started_at: datetime | None
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    before: dict[AlertId, Alert] = field(default_factory=dict)
    by_cause: dict[str, AlertId] = field(default_factory=dict)
    written: dict[str, Member] = field(default_factory=dict)
    """The members as the database has them."""
    members: dict[str, Member] = field(default_factory=dict)
    changed: dict[str, Member] = field(default_factory=dict)
    news: defaultdict[AlertId, dict[StackName | None, set[str]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Event types, by the stack that they are of."""

    def fold(self, touched: Mapping[str, Collection[str]]) -> None:
        """Write the alerts that `touched` leads to: event types by member."""
        now = now_of(self.tx, touched, at=self.at, started_at=self.started_at)
        self._load(touched, now)
        for subject, events in touched.items():
            self._member(subject, now.get(subject), events)
        # First: whether an alert is over is asked of its rows.
        self.tx.alerts.put_members(self.changed.values())
        self._settle()
        self.tx.alerts.put_many(self.alerts[alert_id] for alert_id in self.news)
        self._owe()

    def _load(self, touched: Iterable[str], now: Mapping[str, Now]) -> None:
        self.written = self.tx.alerts.members_named(touched)
        self.members = dict(self.written)
        known = self.tx.alerts.get_many({member.alert_id for member in self.members.values()})
        open_now = self.tx.alerts.open_of(
            {current.cause for current in now.values() if current.cause}
        )
        for alert in (*known.values(), *open_now.values()):
            self.alerts[alert.id] = self.before[alert.id] = alert
            if alert.state is AlertState.OPEN:
                self.by_cause[alert.cause] = alert.id

    def _member(self, subject: str, now: Now | None, events: Collection[str]) -> None:
        known = self.members.get(subject)
        alert = self.alerts.get(known.alert_id) if known is not None and known.open else None
        if now is None or now.cause is None:
            if alert is not None:
                self._tell(alert, events)
                self._put(Member(subject, alert.id, open=False))
            return
        if alert is None and _OPENS_NONE.issuperset(events):
            return
        if alert is not None and alert.cause != now.cause:
            alert = self._moved(subject, alert, now, events)
        if alert is None:
            alert = self._joined(now)
            self._put(Member(subject, alert.id))
            if now.event is not None:
                # Whatever event led here: for the alert that it joins it is new.
                self._tell(alert, {now.event}, now.stack)
        if now.severity > alert.severity:
            alert = replace(alert, severity=now.severity)
            self.alerts[alert.id] = alert
        self._tell(alert, events, now.stack)

    def _moved(self, subject: str, alert: Alert, now: Now, events: Collection[str]) -> Alert | None:
        """Return the alert if it goes on with another cause; it does when it is about this alone.

        Else people would see one alert end and another begin at each further edit by hand.
        """
        if self._open_members(alert.id) == 1 and now.cause not in self.by_cause:
            self.by_cause.pop(alert.cause, None)
            renamed = replace(alert, cause=now.cause or alert.cause)
            self.alerts[alert.id] = renamed
            self.by_cause[renamed.cause] = alert.id
            return renamed
        self._put(Member(subject, alert.id, open=False))
        self._tell(alert, events)
        return None

    def _open_members(self, alert_id: AlertId) -> int:
        """Return how many there are with what joined and left in this fold, not written yet."""
        known = self.tx.alerts.member_counts([alert_id])[alert_id].open
        for subject, member in self.changed.items():
            before = self.written.get(subject)
            known += int(member.open and member.alert_id == alert_id)
            known -= int(before is not None and before.open and before.alert_id == alert_id)
        return known

    def _joined(self, now: Now) -> Alert:
        cause = now.cause or ""
        known = self.by_cause.get(cause)
        if known is not None:
            return self.alerts[known]
        made = Alert(
            id=AlertId(new_id()),
            cause=cause,
            state=AlertState.OPEN,
            revision=0,
            severity=now.severity,
            opened_at=self.at,
            changed_at=self.at,
        )
        self.alerts[made.id] = made
        self.by_cause[cause] = made.id
        return made

    def _put(self, member: Member) -> None:
        self.members[member.subject] = self.changed[member.subject] = member

    def _tell(self, alert: Alert, events: Collection[str], stack: StackName | None = None) -> None:
        self.news[alert.id].setdefault(stack, set()).update(events)

    def _settle(self) -> None:
        """Give each alert with news its next revision, and end those without an open member."""
        counts = self.tx.alerts.member_counts(self.news)
        for alert_id, news in self.news.items():
            alert = self.alerts[alert_id]
            lasts = counts[alert_id].open > 0
            self.alerts[alert_id] = replace(
                alert,
                revision=alert.revision + 1,
                changed_at=self.at,
                events=tuple(sorted(set(alert.events).union(*news.values()))),
                state=AlertState.OPEN if lasts else AlertState.RESOLVED,
                resolved_at=None if lasts else self.at,
            )

    def _owe(self) -> None:
        shown = {
            (delivery.channel, delivery.alert_id): delivery
            for delivery in self.tx.alerts.deliveries_of(self.news)
        }
        owed = []
        for alert_id, news in self.news.items():
            alert = self.alerts[alert_id]
            before = self.before.get(alert_id, alert)
            # One member is enough where it is shown: the phone that rings is about all of them.
            is_cared_for = any(not _OPENS_NONE.isdisjoint(events) for events in news.values())
            for subscription in self.subscriptions:
                heard = _heard(subscription, news)
                delivery = shown.get((subscription.channel, alert_id))
                if delivery is not None:
                    owed.append(
                        subscription.again(
                            delivery,
                            before,
                            alert,
                            at=self.at,
                            is_cared_for=is_cared_for,
                            puts_off=not _OPENS_NONE.isdisjoint(heard),
                        )
                    )
                elif subscription.opens(before, alert, heard, _named(news)):
                    owed.append(subscription.begin(alert, at=self.at))
        self.tx.alerts.put_deliveries(owed)


def _heard(subscription: Subscription, news: Mapping[StackName | None, set[str]]) -> set[str]:
    """Return the events of the stacks that a channel asks for.

    An approval that one stack waits for would else open the alert where only its drift in
    another stack is asked for, and an acknowledgement in a test stack keep from a pager what is
    wrong in production.
    """
    return {
        event
        for stack, events in news.items()
        if stack is None or subscription.names(stack)
        for event in events
    }


def _named(news: Iterable[StackName | None]) -> list[StackName]:
    return [stack for stack in news if stack is not None]
