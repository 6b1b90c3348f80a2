"""Audit, events, tokens, replays and what is forgotten, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from reconciler.domain.audit_chain import Link, entry_digest
from reconciler.domain.records import (
    AuditEntry,
    EventEntry,
    FindingId,
    FindingState,
    Page,
    Replay,
    RunState,
    Token,
)
from reconciler.domain.remediation_states import OPEN
from reconciler.storage import journal
from reconciler.storage.columns import json_text
from reconciler.stores.journal import DRIFT_KEPT
from reconciler.wire.kept import KeptObject
from tests.memory_store.rows import Table, kept, page_of

if TYPE_CHECKING:
    from tests.memory_store.transaction import MemoryTransaction

_REMEDIATIONS_KEPT: Final = timedelta(days=400)
_REPLAYS_KEPT: Final = timedelta(hours=48)


@dataclass(slots=True)
class Audit:
    """`stores.Audit` in memory."""

    table: Table[int, AuditEntry]
    horizon: Table[str, Link]

    def append(self, entry: AuditEntry) -> AuditEntry:
        before = self._last() or self.beginning()
        details = json_text(entry.details)
        written = replace(entry, seq=before.seq + 1)
        digest = entry_digest(before.digest, written, details)
        written = kept(replace(written, digest=digest, details=KeptObject(details)))
        self.table.put(written.seq, written)
        return written

    def beginning(self) -> Link:
        return self.horizon.get("horizon") or Link()

    def after(self, seq: int, *, limit: int = 1000) -> tuple[tuple[AuditEntry, str], ...]:
        found = [entry for entry in self.table.rows.values() if entry.seq > seq][:limit]
        return tuple((entry, json_text(entry.details)) for entry in found)

    def acknowledged(self, findings: Iterable[FindingId], *, since: datetime) -> dict[str, str]:
        asked = set(findings)
        return {
            entry.subject: entry.actor
            for entry in self.table.rows.values()
            if entry.action == "finding.ack" and entry.subject in asked and entry.at >= since
        }

    def page(
        self, *, subject: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[AuditEntry]:
        found = (one for one in self.table.rows.values() if subject in (None, one.subject))
        return page_of(journal.AUDIT, found, lambda one: (one.seq,), cursor, limit)

    def let_go(self, before: datetime) -> int:
        """Forget what is older, from the beginning on; return how many there were."""
        old: list[AuditEntry] = []
        for entry in self.table.rows.values():
            if entry.at >= before:
                break
            old.append(entry)
        if old:
            self.horizon.put("horizon", Link(old[-1].seq, old[-1].digest))
        return sum(self.table.remove(entry.seq) for entry in old)

    def _last(self) -> Link | None:
        for entry in reversed(self.table.rows.values()):
            return Link(entry.seq, entry.digest)
        return None


@dataclass(slots=True)
class Events:
    """`stores.Events` in memory."""

    table: Table[int, EventEntry]
    appended: list[int]

    def append(self, entry: EventEntry) -> EventEntry:
        written = kept(replace(entry, seq=len(self.table.rows) + 1))
        self.table.put(written.seq, written)
        self.appended.append(written.seq)
        return written

    def after(self, seq: int, *, limit: int = 500) -> tuple[EventEntry, ...]:
        numbers = range(seq + 1, min(seq + limit, len(self.table.rows)) + 1)
        return tuple(self.table.rows[number] for number in numbers)

    def bounds(self) -> tuple[int, int]:
        newest = len(self.table.rows)
        return min(1, newest), newest


@dataclass(slots=True)
class Tokens:
    """`stores.Tokens` in memory."""

    table: Table[str, Token]

    def get(self, token_id: str) -> Token | None:
        return self.table.get(token_id)

    def named(self, name: str) -> Token | None:
        found = self.table.where(lambda token: token.name == name, _made)
        return found[0] if found else None

    def all(self) -> tuple[Token, ...]:
        return self.table.where(lambda _: True, _made)

    def put(self, token: Token) -> None:
        self.table.put(token.token_id, kept(token))

    def remove(self, token_id: str) -> bool:
        return self.table.remove(token_id)


@dataclass(slots=True)
class Replays:
    """`stores.Replays` in memory."""

    table: Table[tuple[str, str], Replay]

    def get(self, key: str, token_id: str) -> Replay | None:
        return self.table.get((key, token_id))

    def put(self, replay: Replay) -> None:
        written = kept(replay)
        if (replay.key, replay.token_id) not in self.table.rows:
            self.table.put((replay.key, replay.token_id), written)


@dataclass(slots=True)
class Retention:
    """`stores.Retention` in memory."""

    tx: MemoryTransaction

    def prune(self, *, now: datetime) -> dict[str, int]:
        tx, before, drift = self.tx, now - _REMEDIATIONS_KEPT, now - DRIFT_KEPT
        owners = tx.remediations.table.rows.values()
        still_open = {one.id for one in owners if one.state in OPEN}
        unfinished = {run.remediation_id for run in tx.runs.started()}
        gone = {
            "runs": tx.runs.table.remove_where(
                lambda run: (
                    run.state is not RunState.STARTED
                    and (run.ended_at or run.started_at) < before
                    and run.remediation_id not in still_open
                )
            ),
            "remediations": tx.remediations.table.remove_where(
                lambda one: one.id not in still_open | unfinished and one.updated_at < before
            ),
            "quarantines": tx.quarantines.table.remove_where(
                lambda one: one.ended_at is not None and one.ended_at < before
            ),
            "audit": tx.audit.let_go(before),
            "findings": tx.findings.table.remove_where(
                lambda one: (
                    one.state is FindingState.HEALED and (one.healed_at or one.last_seen) < drift
                )
            ),
        }
        named = {one.report_id for one in tx.findings.table.rows.values()}
        named |= {one.report_id for one in owners if one.state in OPEN}
        return {
            **gone,
            "reports": tx.reports.table.remove_where(
                lambda one: one.timestamp < drift and one.report_id not in named
            ),
            "replays": tx.replays.table.remove_where(
                lambda one: one.created_at < now - _REPLAYS_KEPT
            ),
            **dict.fromkeys(("events", "alerts", "alert_members", "deliveries"), 0),
        }


def _made(token: Token) -> tuple[datetime, str]:
    return token.created_at, token.token_id
