"""What only grows: the audit, which keeps it, and the events of the live stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select as select_columns
from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.audit_chain import Link, entry_digest
from reconciler.domain.principals import PrincipalKind
from reconciler.domain.records import AuditEntry, EventEntry, FindingId, Page
from reconciler.storage.columns import json_text
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, chunks
from reconciler.storage.tables.journal import AuditHorizonRow, AuditRow, EventRow
from reconciler.wire.kept import KeptObject

AUDIT: Final = Listing("audit", (col(AuditRow.seq),), (int,))


@dataclass(frozen=True, slots=True)
class SqlAudit:
    """`stores.Audit` on tables."""

    rows: Rows

    def append(self, entry: AuditEntry) -> AuditEntry:
        """Write an entry; return it with its number and digest."""
        before = self._last() or self.beginning()
        written = replace(entry, seq=before.seq + 1)
        details = json_text(entry.details)
        written = replace(written, digest=entry_digest(before.digest, written, details))
        values = {
            "seq": written.seq,
            "digest": written.digest,
            "at": entry.at,
            "actor": entry.actor,
            "actor_kind": entry.actor_kind and entry.actor_kind.value,
            "action": entry.action,
            "subject": entry.subject,
            "details": KeptObject(details),
        }
        self.rows.add(AuditRow, [values])
        return written

    def beginning(self) -> Link:
        """Return what the oldest entry follows: one that was let go with time, or none."""
        horizon = self.rows.one(select(AuditHorizonRow))
        if horizon is None or not horizon.digest:
            return Link()
        return Link(horizon.seq, horizon.digest)

    def after(self, seq: int, *, limit: int = 1000) -> tuple[tuple[AuditEntry, str], ...]:
        """Return entries that follow `seq`, oldest first, each with its details as kept."""
        wanted = select(AuditRow).where(col(AuditRow.seq) > seq)
        rows = self.rows.all(wanted.order_by(col(AuditRow.seq)).limit(limit))
        return tuple((_entry(row), row.details.text) for row in rows)

    def _last(self) -> Link | None:
        newest = select(AuditRow).order_by(col(AuditRow.seq).desc()).limit(1)
        row = self.rows.one(newest)
        return None if row is None else Link(row.seq or 0, row.digest)

    def acknowledged(self, findings: Iterable[FindingId], *, since: datetime) -> dict[str, str]:
        """Return by finding who acknowledged it last, of those that somebody did since then."""
        by_finding: dict[str, str] = {}
        for some in chunks(findings):
            said = select_columns(col(AuditRow.subject), col(AuditRow.actor)).where(
                col(AuditRow.subject).in_(some),
                col(AuditRow.action) == "finding.ack",
                col(AuditRow.at) >= since,
            )
            by_finding |= dict(self.rows.tuples(said.order_by(col(AuditRow.seq))))
        return by_finding

    def page(
        self, *, subject: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[AuditEntry]:
        """Return entries, newest first."""
        statement = audit_statement(subject=subject)
        return AUDIT.page(self.rows, statement, Asked(cursor, limit), value=_entry, key=_key)


@dataclass(frozen=True, slots=True)
class SqlEvents:
    """`stores.Events` on tables; tells `appended` each number that was given."""

    rows: Rows
    appended: Callable[[int], None]

    def append(self, entry: EventEntry) -> EventEntry:
        """Write an entry; return it with its number."""
        values = {
            "at": entry.at,
            "type": entry.type,
            "subject": entry.subject,
            "body": entry.body,
        }
        seq = self.rows.append(EventRow, values)
        self.appended(seq)
        return replace(entry, seq=seq)

    def after(self, seq: int, *, limit: int = 500) -> tuple[EventEntry, ...]:
        """Return what came after `seq`, oldest first."""
        wanted = select(EventRow).where(col(EventRow.seq) > seq)
        return self.rows.every(wanted.order_by(col(EventRow.seq)).limit(limit), _event)

    def bounds(self) -> tuple[int, int]:
        """Return the oldest and the newest kept number; (0, 0) when there is none."""
        # Asked one by one: SQLite looks up a single least or greatest, but scans for both.
        oldest = self.rows.scalar(select(func.min(EventRow.seq)))
        newest = self.rows.scalar(select(func.max(EventRow.seq)))
        return oldest or 0, newest or 0


def audit_statement(*, subject: str | None = None) -> SelectOfScalar[AuditRow]:
    """Return what a list of audit rows asks, without order and limit."""
    statement = select(AuditRow)
    if subject is not None:
        statement = statement.where(col(AuditRow.subject) == subject)
    return statement


def _key(row: AuditRow) -> Key:
    return (row.seq,)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        details=row.details,
        seq=row.seq or 0,
        digest=row.digest,
        actor_kind=None if row.actor_kind is None else PrincipalKind(row.actor_kind),
    )


def _event(row: EventRow) -> EventEntry:
    return EventEntry(
        at=row.at, type=row.type, subject=row.subject, body=row.body, seq=row.seq or 0
    )
