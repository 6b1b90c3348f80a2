"""Alerts by id and cause, their members, and what is due on which channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, delete, join, or_, outerjoin, update
from sqlalchemy import select as select_columns
from sqlmodel import col, func, select

from reconciler.domain.alerts import (
    FINDING,
    HEARTBEAT,
    LOSSES,
    TEST,
    Alert,
    AlertId,
    AlertState,
    Delivery,
    Member,
    MemberCounts,
    subject_of,
)
from reconciler.domain.model import Severity, StackName
from reconciler.domain.records import FindingState, Page
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, chunks
from reconciler.storage.tables.alerts import (
    AlertCursorRow,
    AlertMemberRow,
    AlertRow,
    DeliveryRow,
)
from reconciler.storage.tables.drift import FindingRow

_THE_CURSOR: Final = 1
_TALLIED: Final = (
    *("shown", "waiting", "given_up", "failing"),
    *("failing_since", "tried_again_at", "error"),
)
_IS_TEST: Final = col(AlertRow.cause).startswith(f"{TEST}:")
_HAS_ALERT: Final = col(AlertRow.id).is_not(None)
"""Its alert is not pruned yet."""
_OF_FINDING: Final = subject_of(FINDING, "")
_FINDINGS: Final = join(
    AlertMemberRow,
    FindingRow,
    col(FindingRow.id) == func.substr(col(AlertMemberRow.subject), len(_OF_FINDING) + 1),
)
"""The members that are findings, with what these are."""
_LISTING: Final = Listing("alerts", (col(AlertRow.opened_at), col(AlertRow.id)), (datetime, str))


@dataclass(frozen=True, slots=True)
class SqlAlerts:
    """`stores.Alerts` on tables."""

    rows: Rows

    def cursor(self) -> int | None:
        """Return the last event that was read; None before the first."""
        row = self.rows.one(select(AlertCursorRow))
        return None if row is None else row.seq

    def move_cursor(self, seq: int) -> None:
        """Note the last event that was read."""
        self.rows.put(AlertCursorRow, [{"id": _THE_CURSOR, "seq": seq}])

    def get_many(self, alert_ids: Iterable[AlertId]) -> dict[AlertId, Alert]:
        """Return alerts by id."""
        return {
            alert.id: alert
            for some in chunks(alert_ids)
            for alert in self.rows.every(select(AlertRow).where(col(AlertRow.id).in_(some)), _alert)
        }

    def open_of(self, causes: Iterable[str]) -> dict[str, Alert]:
        """Return the open alerts of causes."""
        is_open = col(AlertRow.state) == AlertState.OPEN.value
        return {
            alert.cause: alert
            for some in chunks(causes)
            for alert in self.rows.every(
                select(AlertRow).where(col(AlertRow.cause).in_(some), is_open), _alert
            )
        }

    def put_many(self, alerts: Iterable[Alert]) -> None:
        """Write each over the one of the same id."""
        self.rows.put(AlertRow, [_alert_values(alert) for alert in alerts])

    def members_named(self, subjects: Iterable[str]) -> dict[str, Member]:
        """Return members by subject."""
        column = col(AlertMemberRow.subject)
        return {
            member.subject: member
            for some in chunks(subjects)
            for member in self.rows.every(select(AlertMemberRow).where(column.in_(some)), _member)
        }

    def open_subjects(self) -> tuple[str, ...]:
        """Return the subjects of all open members."""
        subject = col(AlertMemberRow.subject)
        wanted = select_columns(subject).where(col(AlertMemberRow.open).is_(True))
        return tuple(name for (name,) in self.rows.tuples(wanted.order_by(subject)))

    def members_of(self, alert_id: AlertId, *, limit: int) -> tuple[Member, ...]:
        """Return the first members of an alert, those that are open before the others."""
        wanted = select(AlertMemberRow).where(col(AlertMemberRow.alert_id) == alert_id)
        order = (col(AlertMemberRow.open).desc(), col(AlertMemberRow.subject))
        return self.rows.every(wanted.order_by(*order).limit(limit), _member)

    def stacks_of(self, alert_id: AlertId) -> tuple[StackName, ...]:
        """Return the stacks of all findings of an alert, by name."""
        wanted = select_columns(col(FindingRow.stack)).distinct().select_from(_FINDINGS)
        statement = wanted.where(*_of(alert_id)).order_by(col(FindingRow.stack))
        return tuple(StackName(name) for (name,) in self.rows.tuples(statement))

    def ignored_in(self, alert_id: AlertId) -> int:
        """Return how many findings of an alert are ignored."""
        is_ignored = col(FindingRow.state) == FindingState.IGNORED.value
        counted = select_columns(func.count()).select_from(_FINDINGS)
        ((number,),) = self.rows.tuples(counted.where(*_of(alert_id), is_ignored))
        return int(number)

    def member_counts(self, alert_ids: Iterable[AlertId]) -> dict[AlertId, MemberCounts]:
        """Return how many members each alert has; 0 of one without any."""
        counts = {alert_id: MemberCounts() for alert_id in alert_ids}
        alert = col(AlertMemberRow.alert_id)
        is_open = case((col(AlertMemberRow.open), 1), else_=0)
        for some in chunks(counts):
            statement = select_columns(alert, func.count(), func.sum(is_open))
            for name, total, still_open in self.rows.tuples(
                statement.where(alert.in_(some)).group_by(alert)
            ):
                counts[AlertId(name)] = MemberCounts(total, still_open)
        return counts

    def put_members(self, members: Iterable[Member]) -> None:
        """Write each over the one of the same subject."""
        self.rows.put(AlertMemberRow, [asdict(member) for member in members])

    def deliveries_of(self, alert_ids: Iterable[AlertId]) -> tuple[Delivery, ...]:
        """Return what channels show of alerts."""
        column = col(DeliveryRow.alert_id)
        return tuple(
            delivery
            for some in chunks(alert_ids)
            for delivery in self.rows.every(select(DeliveryRow).where(column.in_(some)), _delivery)
        )

    def due(
        self, now: datetime, *, limit: int, without: Collection[str] = ()
    ) -> tuple[Delivery, ...]:
        """Return deliveries behind their alert whose time has come, the longest waiting first."""
        behind = and_(
            col(DeliveryRow.alert_id) == col(AlertRow.id),
            col(DeliveryRow.sent_revision) < col(AlertRow.revision),
        )
        both = join(DeliveryRow, AlertRow, behind)
        unmuted = or_(col(AlertRow.muted_at).is_(None), col(AlertRow.resolved_at).is_not(None))
        wanted = (col(DeliveryRow.given_up).is_(False), col(DeliveryRow.next_at) <= now, unmuted)
        others = col(DeliveryRow.channel).not_in(sorted(without))
        statement = select(DeliveryRow).select_from(both).where(*wanted, others)
        order = (col(DeliveryRow.next_at), col(DeliveryRow.channel), col(DeliveryRow.alert_id))
        return self.rows.every(statement.order_by(*order).limit(limit), _delivery)

    def given_up(self, channels: Iterable[str]) -> tuple[Delivery, ...]:
        """Return what was given up on `channels` of alerts that are open, or shown as open."""
        behind = and_(
            col(DeliveryRow.alert_id) == col(AlertRow.id),
            col(DeliveryRow.sent_revision) < col(AlertRow.revision),
        )
        is_open = col(AlertRow.state) == AlertState.OPEN.value
        wanted = (
            col(DeliveryRow.given_up).is_(True),
            col(DeliveryRow.channel).in_(sorted(channels)),
            or_(is_open, col(DeliveryRow.sent_revision) > 0),
        )
        both = join(DeliveryRow, AlertRow, behind)
        return self.rows.every(select(DeliveryRow).select_from(both).where(*wanted), _delivery)

    def shown_as_open(self) -> tuple[Delivery, ...]:
        """Return what channels show of alerts that are open, or whose end they do not show."""
        both = join(DeliveryRow, AlertRow, col(DeliveryRow.alert_id) == col(AlertRow.id))
        is_open = col(AlertRow.state) == AlertState.OPEN.value
        behind = col(DeliveryRow.sent_revision) < col(AlertRow.revision)
        wanted = (col(DeliveryRow.sent_revision) > 0, or_(is_open, behind))
        return self.rows.every(select(DeliveryRow).select_from(both).where(*wanted), _delivery)

    def rename_channel(self, before: str, after: str, *, but: Collection[AlertId]) -> None:
        """Let `after` show what `before` does, other than `but` and what `after` shows itself.

        What `after` only owes of an alert that `before` shows is dropped for it.
        """
        seen = select(DeliveryRow.alert_id).where(
            col(DeliveryRow.channel) == before,
            col(DeliveryRow.sent_revision) > 0,
            col(DeliveryRow.alert_id).not_in(but),
        )
        unseen = (col(DeliveryRow.channel) == after, col(DeliveryRow.sent_revision) == 0)
        for some in chunks(self.rows.scalars(seen)):
            of_them = col(DeliveryRow.alert_id).in_(some)
            self.rows.change(delete(DeliveryRow).where(*unseen, of_them))
        theirs = select(DeliveryRow.alert_id).where(col(DeliveryRow.channel) == after)
        kept = [*but, *self.rows.scalars(theirs)]
        ours = (col(DeliveryRow.channel) == before, col(DeliveryRow.alert_id).not_in(kept))
        self.rows.change(update(DeliveryRow).where(*ours).values(channel=after))

    def tallies(self) -> dict[str, dict[str, Any]]:
        """Return by channel how many alerts are `shown`, `waiting`, `failing` and `given_up`.

        Beside them of those that are failing: `failing_since`, `tried_again_at` and an `error`.
        Tests that failed are not `given_up`.
        """
        both = outerjoin(DeliveryRow, AlertRow, col(DeliveryRow.alert_id) == col(AlertRow.id))
        behind = col(DeliveryRow.sent_revision) < col(AlertRow.revision)
        waits = and_(behind, col(DeliveryRow.given_up).is_(False))
        has_error = col(DeliveryRow.error).is_not(None)
        fails = and_(waits, has_error)
        # What was over before its time is given up without an error: nobody missed it.
        lost = and_(col(DeliveryRow.given_up), has_error, or_(~_IS_TEST, ~_HAS_ALERT))
        statement = (
            select_columns(
                col(DeliveryRow.channel),
                func.sum(case((col(DeliveryRow.sent_revision) > 0, 1), else_=0)),
                func.sum(case((waits, 1), else_=0)),
                func.sum(case((lost, 1), else_=0)),
                func.sum(case((fails, 1), else_=0)),
                func.min(case((fails, col(DeliveryRow.failing_since)))),
                func.min(case((fails, col(DeliveryRow.next_at)))),
                func.max(case((fails, col(DeliveryRow.error)))),
            )
            .select_from(both)
            .where(col(DeliveryRow.alert_id).not_in([HEARTBEAT, LOSSES]))
            .group_by(col(DeliveryRow.channel))
        )
        return {
            channel: dict(zip(_TALLIED, values, strict=True))
            for channel, *values in self.rows.tuples(statement)
        }

    def failed_tests(self) -> dict[str, str]:
        """Return by channel why its newest test failed, where it took no message since."""
        channel, sent = col(DeliveryRow.channel), col(DeliveryRow.sent_revision)
        both = join(DeliveryRow, AlertRow, col(DeliveryRow.alert_id) == col(AlertRow.id))
        tests = (
            select_columns(channel, col(AlertRow.opened_at), col(DeliveryRow.error))
            .select_from(both)
            .where(_IS_TEST)
            .order_by(col(AlertRow.opened_at), col(DeliveryRow.next_at))
        )
        # A test whose end failed was taken at its beginning: that would hide that it failed.
        is_no_failed_test = or_(~_IS_TEST, ~_HAS_ALERT, col(DeliveryRow.error).is_(None))
        of_any = outerjoin(DeliveryRow, AlertRow, col(DeliveryRow.alert_id) == col(AlertRow.id))
        taken = (
            select_columns(channel, func.max(col(DeliveryRow.sent_at)))
            .select_from(of_any)
            .where(sent > 0, is_no_failed_test)
        )
        last_taken = dict(self.rows.tuples(taken.group_by(channel)))
        newest = {name: (at, error) for name, at, error in self.rows.tuples(tests)}
        return {
            name: error
            for name, (at, error) in newest.items()
            if error is not None and ((last := last_taken.get(name)) is None or last < at)
        }

    def page(
        self, *, state: AlertState | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[Alert]:
        """Return alerts, newest first."""
        wanted = select(AlertRow)
        if state is not None:
            wanted = wanted.where(col(AlertRow.state) == state.value)
        return _LISTING.page(self.rows, wanted, Asked(cursor, limit), value=_alert, key=_key)

    def put_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Write each over the one of the same channel and alert."""
        self.rows.put(DeliveryRow, [asdict(delivery) for delivery in deliveries])


def _of(alert_id: AlertId) -> tuple[ColumnElement[bool], ...]:
    of_alert = col(AlertMemberRow.alert_id) == alert_id
    return of_alert, col(AlertMemberRow.subject).startswith(_OF_FINDING)


def _key(row: AlertRow) -> Key:
    return row.opened_at, row.id


def _alert(row: AlertRow) -> Alert:
    return Alert(
        id=AlertId(row.id),
        cause=row.cause,
        state=AlertState(row.state),
        revision=row.revision,
        severity=Severity(row.severity),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        events=tuple(row.events),
        resolved_at=row.resolved_at,
        muted_at=row.muted_at,
        muted_by=row.muted_by,
        mute_reason=row.mute_reason,
    )


def _alert_values(alert: Alert) -> dict[str, object]:
    values = asdict(alert)
    return {
        **values,
        "state": alert.state.value,
        "severity": int(alert.severity),
        "events": list(alert.events),
    }


def _member(row: AlertMemberRow) -> Member:
    return Member(row.subject, AlertId(row.alert_id), row.open)


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        channel=row.channel,
        alert_id=AlertId(row.alert_id),
        next_at=row.next_at,
        sent_revision=row.sent_revision,
        sent_at=row.sent_at,
        receipt=dict(row.receipt),
        attempts=row.attempts,
        failing_since=row.failing_since,
        error=row.error,
        given_up=row.given_up,
    )
