"""Events become alerts: read once each, in the transaction that moves the cursor on.

An event only says where to look. What is read then is the finding or stack as it is, so that
events which were missed, or come twice, lead to the same alerts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from reconciler.domain.alerts import (
    CHANNEL,
    DRIFT_EVENTS,
    FINDING,
    RELEASE,
    REMEDIATION_EVENTS,
    STACK,
    STALE_AFTER,
    TEST,
    Alert,
    AlertId,
    AlertState,
    Member,
    cause_of,
    cause_of_channel,
    cause_of_stack,
    read_subject,
    subject_of,
)
from reconciler.domain.channel_losses import severity_of
from reconciler.domain.events import (
    CHANNEL_CHANGED,
    CHANNEL_FAILED,
    DRIFT_ACKNOWLEDGED,
    DRIFT_DETECTED,
    REMEDIATION,
)
from reconciler.domain.model import Severity, StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.records import (
    EventEntry,
    FindingId,
    FindingRecord,
    FindingState,
    Health,
    Remediation,
    RemediationId,
    StackRecord,
)
from reconciler.domain.remediation_states import FOR_PERSON, Event, RemediationState
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.journal import new_id
from reconciler.engine.losing import losses
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_AT_ONCE: Final = 500
_OF_STACKS: Final = {"stack.error": "stack.error", "stack.scanned": ""}
"""The events that say something of a stack, and which of them may open an alert."""
_STALE: Final = "stack.stale"
_HEALED: Final = "drift.healed"
_APPROVED: Final = f"{REMEDIATION}{RemediationState.QUEUED.value}"
"""Where an approval leads; other ways there are no news."""
_OPENS_NONE: Final = frozenset({DRIFT_ACKNOWLEDGED, _APPROVED})
"""What a person does about drift: told where the drift is shown, and no alert of its own."""

_WAITING: Final = FOR_PERSON | {RemediationState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class _Now:
    """What is true of one member: its cause, None when there is nothing to alert about."""

    cause: str | None
    severity: Severity
    stack: StackName | None = None
    """None of a channel that fails, which is no stack's."""


async def follow_events(service: Service) -> bool:
    """Turn what was told since the last time into alerts; return whether there may be more.

    The first time it only notes where the stream is: what drifted before is no news.

    Raises:
        StorageError: the database cannot be used.
    """
    # Asked every other second: a transaction would keep whoever writes waiting, for nothing.
    if await service.store.read(_has_read_all):
        return False
    at = service.clock.now()
    subscriptions = _subscriptions(service)
    return await service.store.transact(lambda tx: _follow(tx, subscriptions, at=at))


async def watch_staleness(service: Service) -> None:
    """Open an alert for each stack that no scan has verified for three of its intervals.

    Raises:
        StorageError: the database cannot be used.
    """
    at = service.clock.now()
    if not await service.store.read(lambda view: _newly_stale(view, at=at)):
        return
    subscriptions = _subscriptions(service)
    await service.store.transact(
        lambda tx: _Folding(tx, subscriptions, at).fold(_newly_stale(tx, at=at))
    )


def _newly_stale(view: Transaction, *, at: datetime) -> dict[str, set[str]]:
    """Return the stacks that are stale and have no open alert for it, as news of them."""
    stale = [
        subject_of(STACK, stack.name) for stack in view.stacks.all() if _is_stale(stack, at=at)
    ]
    known = view.alerts.members_named(stale)
    return {
        subject: {_STALE} for subject in stale if subject not in known or not known[subject].open
    }


def _subscriptions(service: Service) -> tuple[Subscription, ...]:
    return tuple(channel.subscription for channel in service.channels.values())


def _has_read_all(view: Transaction) -> bool:
    cursor = view.alerts.cursor()
    return cursor is not None and cursor >= view.events.bounds()[1]


def _follow(tx: Transaction, subscriptions: Sequence[Subscription], *, at: datetime) -> bool:
    oldest, newest = tx.events.bounds()
    cursor = tx.alerts.cursor()
    if cursor is None:
        tx.alerts.move_cursor(newest)
        return False
    touched: defaultdict[str, set[str]] = defaultdict(set)
    if cursor + 1 < oldest:
        # What was pruned unread is made up for by looking at all that is open.
        for subject in _every_subject(tx):
            touched[subject].add(DRIFT_DETECTED)
        for channel in losses(tx):
            touched[subject_of(CHANNEL, channel)].add(CHANNEL_FAILED)
        for subject in _over(tx, touched):
            touched[subject].add(_HEALED)
        cursor = newest
        more: Sequence[EventEntry] = ()
    else:
        more = tx.events.after(cursor, limit=_AT_ONCE)
    for event in more:
        for subject in _subjects(event):
            touched[subject].add(event.type)
    if touched:
        _Folding(tx, subscriptions, at).fold(touched)
    last = more[-1].seq if more else cursor
    if last != tx.alerts.cursor():
        tx.alerts.move_cursor(last)
    return len(more) == _AT_ONCE


def _subjects(event: EventEntry) -> Iterable[str]:
    body = event.body
    if event.type in DRIFT_EVENTS:
        return (subject_of(FINDING, body["id"]),)
    approved = event.type == _APPROVED and body.get("cause") == Event.APPROVED.value
    if approved or event.type in REMEDIATION_EVENTS:
        if body["action_type"] == ActionType.RELEASE.value:
            return (subject_of(RELEASE, body["id"]),)
        return [subject_of(FINDING, name) for name in body["finding_ids"]]
    if event.type in _OF_STACKS:
        return (subject_of(STACK, body["stack"]),)
    # A first failure is tried again, and is no news of its own.
    if event.type == CHANNEL_CHANGED or (event.type == CHANNEL_FAILED and body["given_up"]):
        return (subject_of(CHANNEL, body["channel"]),)
    return ()


def _every_subject(tx: Transaction) -> Iterable[str]:
    for stack in tx.stacks.all():
        yield subject_of(STACK, stack.name)
        for record in tx.findings.unhealed(stack.name):
            yield subject_of(FINDING, record.id)
    for waiting in tx.remediations.in_states(_WAITING):
        if waiting.action_type is ActionType.RELEASE:
            yield subject_of(RELEASE, waiting.id)


def _over(tx: Transaction, touched: Collection[str]) -> list[str]:
    """Return the open members that are not `touched`: what ended unread leaves its alert.

    No event comes of it any more. That of a test is ended by who tests.
    """
    unread = (name for name in tx.alerts.open_subjects() if name not in touched)
    return [name for name in unread if read_subject(name)[0] != TEST]


@dataclass(slots=True)
class _Folding:
    """One transaction's worth of news, folded into alerts and what channels owe."""

    tx: Transaction
    subscriptions: Sequence[Subscription]
    at: datetime
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    before: dict[AlertId, Alert] = field(default_factory=dict)
    by_cause: dict[str, AlertId] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    changed: dict[str, Member] = field(default_factory=dict)
    news: defaultdict[AlertId, dict[StackName | None, set[str]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Event types, by the stack that they are of."""

    def fold(self, touched: Mapping[str, Collection[str]]) -> None:
        """Write the alerts that `touched` leads to: event types by member."""
        now = _now_of(self.tx, touched, at=self.at)
        self._load(touched, now)
        for subject, events in touched.items():
            self._member(subject, now.get(subject), events)
        # First: whether an alert is over is asked of its rows.
        self.tx.alerts.put_members(self.changed.values())
        self._settle()
        self.tx.alerts.put_many(self.alerts[alert_id] for alert_id in self.news)
        self._owe()

    def _load(self, touched: Iterable[str], now: Mapping[str, _Now]) -> None:
        self.members = self.tx.alerts.members_named(touched)
        known = self.tx.alerts.get_many({member.alert_id for member in self.members.values()})
        open_now = self.tx.alerts.open_of(
            {current.cause for current in now.values() if current.cause}
        )
        for alert in (*known.values(), *open_now.values()):
            self.alerts[alert.id] = self.before[alert.id] = alert
            if alert.state is AlertState.OPEN:
                self.by_cause[alert.cause] = alert.id

    def _member(self, subject: str, now: _Now | None, events: Collection[str]) -> None:
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
            if read_subject(subject)[0] == FINDING:
                # Whatever event led here: for the alert that it joins the drift is new.
                self._tell(alert, {DRIFT_DETECTED}, now.stack)
        if now.severity > alert.severity:
            alert = replace(alert, severity=now.severity)
            self.alerts[alert.id] = alert
        self._tell(alert, events, now.stack)

    def _moved(
        self, subject: str, alert: Alert, now: _Now, events: Collection[str]
    ) -> Alert | None:
        """Return the alert if it goes on with another cause; it does when it is about this alone.

        Else people would see one alert end and another begin at each further edit by hand.
        """
        open_members = self.tx.alerts.member_counts([alert.id])[alert.id].open
        if open_members == 1 and now.cause not in self.by_cause:
            self.by_cause.pop(alert.cause, None)
            renamed = replace(alert, cause=now.cause or alert.cause)
            self.alerts[alert.id] = renamed
            self.by_cause[renamed.cause] = alert.id
            return renamed
        self._put(Member(subject, alert.id, open=False))
        self._tell(alert, events)
        return None

    def _joined(self, now: _Now) -> Alert:
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
            for subscription in self.subscriptions:
                delivery = shown.get((subscription.channel, alert_id))
                if delivery is not None:
                    owed.append(subscription.again(delivery, before, alert, at=self.at))
                elif subscription.opens(before, alert, _heard(subscription, news), _named(news)):
                    owed.append(subscription.begin(alert, at=self.at))
        self.tx.alerts.put_deliveries(owed)


def _heard(subscription: Subscription, news: Mapping[StackName | None, set[str]]) -> set[str]:
    """Return the events of the stacks that a channel asks for.

    An approval that one stack waits for would else open the alert where only its drift in
    another stack is asked for.
    """
    return {
        event
        for stack, events in news.items()
        if stack is None or subscription.names(stack)
        for event in events
    }


def _named(news: Iterable[StackName | None]) -> list[StackName]:
    return [stack for stack in news if stack is not None]


def _now_of(tx: Transaction, subjects: Iterable[str], *, at: datetime) -> dict[str, _Now]:
    named: defaultdict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        kind, name = read_subject(subject)
        named[kind].append(name)
    now = {
        subject_of(FINDING, record.id): _of_finding(record)
        for record in tx.findings.get_many([FindingId(name) for name in named[FINDING]])
    }
    for name in named[STACK]:
        stack = tx.stacks.get(StackName(name))
        if stack is not None:
            now[subject_of(STACK, name)] = _of_stack(stack, at=at)
    for name in named[RELEASE]:
        release = tx.remediations.get(RemediationId(name))
        if release is not None:
            now[subject_of(RELEASE, name)] = _of_release(release)
    lost = losses(tx) if named[CHANNEL] else {}
    for name in lost.keys() & set(named[CHANNEL]):
        now[subject_of(CHANNEL, name)] = _Now(cause_of_channel(name), severity_of(lost[name]))
    return now


def _of_finding(record: FindingRecord) -> _Now:
    is_open = record.state in (FindingState.OPEN, FindingState.QUARANTINED)
    return _Now(cause_of(record) if is_open else None, record.severity, record.stack)


def _of_stack(stack: StackRecord, *, at: datetime) -> _Now:
    fails = stack.health is Health.ERROR or _is_stale(stack, at=at)
    return _Now(cause_of_stack(stack.name) if fails else None, Severity.HIGH, stack.name)


def _of_release(release: Remediation) -> _Now:
    # It is of no finding, and may wait when its drift is gone: nothing else would tell of it.
    waits = release.state in _WAITING
    cause = subject_of(RELEASE, release.id) if waits else None
    return _Now(cause, Severity.HIGH, release.stack)


def _is_stale(stack: StackRecord, *, at: datetime) -> bool:
    seen = stack.verified_at
    return seen is not None and at - seen > STALE_AFTER * stack.interval
