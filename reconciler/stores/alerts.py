"""Alerts, and how far each channel shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Protocol

from reconciler.domain.alerts import Alert, AlertId, AlertState, Delivery, Member, MemberCounts
from reconciler.domain.model import StackName
from reconciler.domain.records import (
    Page,
)


class Alerts(Protocol):
    """Alerts, what they are about, and what channels show of them."""

    def cursor(self) -> int | None:
        """Return the last event that was read; None before the first."""
        ...

    def move_cursor(self, seq: int) -> None: ...
    def get_many(self, alert_ids: Iterable[AlertId]) -> dict[AlertId, Alert]: ...
    def open_of(self, causes: Iterable[str]) -> dict[str, Alert]: ...
    def put_many(self, alerts: Iterable[Alert]) -> None: ...
    def members_named(self, subjects: Iterable[str]) -> dict[str, Member]: ...
    def open_subjects(self) -> tuple[str, ...]:
        """Return the subjects of all open members."""
        ...

    def members_of(self, alert_id: AlertId, *, limit: int) -> tuple[Member, ...]:
        """Return the first members of an alert, those that are open before the others."""
        ...

    def stacks_of(self, alert_id: AlertId) -> tuple[StackName, ...]:
        """Return the stacks of all findings of an alert, by name."""
        ...

    def ignored_in(self, alert_id: AlertId) -> int:
        """Return how many findings of an alert are ignored."""
        ...

    def member_counts(self, alert_ids: Iterable[AlertId]) -> dict[AlertId, MemberCounts]:
        """Return how many members each alert has; 0 of one without any."""
        ...

    def put_members(self, members: Iterable[Member]) -> None: ...
    def deliveries_of(self, alert_ids: Iterable[AlertId]) -> tuple[Delivery, ...]: ...
    def due(
        self, now: datetime, *, limit: int, without: Collection[str] = ()
    ) -> tuple[Delivery, ...]:
        """Return deliveries behind their alert whose time has come, longest waiting first.

        Those on channels `without` are left out.
        """
        ...

    def given_up(self, channels: Iterable[str]) -> tuple[Delivery, ...]:
        """Return what was given up on `channels` of alerts that are open, or shown as open."""
        ...

    def shown_as_open(self) -> tuple[Delivery, ...]:
        """Return what channels show of alerts that are open, or whose end they do not show."""
        ...

    def rename_channel(self, before: str, after: str, *, but: Collection[AlertId]) -> None:
        """Let `after` show what `before` does, other than `but` and what `after` shows itself.

        What `after` only owes of an alert that `before` shows is dropped for it.
        """
        ...

    def tallies(self) -> dict[str, dict[str, Any]]:
        """Return by channel how many alerts are `shown`, `waiting`, `failing` and `given_up`.

        Beside them of those that are failing: `failing_since`, `tried_again_at` and an `error`.
        Tests that failed are not `given_up`.
        """
        ...

    def failed_tests(self) -> dict[str, str]:
        """Return by channel why its newest test failed, where it took no message since."""
        ...

    def put_deliveries(self, deliveries: Iterable[Delivery]) -> None: ...
    def page(
        self, *, state: AlertState | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[Alert]:
        """Return alerts, newest first."""
        ...
