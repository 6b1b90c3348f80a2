"""What happened, who may call, and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol

from reconciler.domain.audit_chain import Link
from reconciler.domain.records import (
    AuditEntry,
    EventEntry,
    FindingId,
    Page,
    Replay,
    Token,
)

DRIFT_KEPT: Final = timedelta(days=90)
"""For how long findings that healed, their reports, and alerts that are over are kept."""


class Audit(Protocol):
    """Append-only; each entry has a digest of itself and the one before it."""

    def append(self, entry: AuditEntry) -> AuditEntry: ...
    def beginning(self) -> Link:
        """Return what the oldest entry follows: one that was let go with time, or none."""
        ...

    def after(self, seq: int, *, limit: int = 1000) -> tuple[tuple[AuditEntry, str], ...]:
        """Return entries that follow `seq`, oldest first, each with its details as kept."""
        ...

    def acknowledged(self, findings: Iterable[FindingId], *, since: datetime) -> dict[str, str]:
        """Return by finding who acknowledged it last, of those that somebody did since then."""
        ...

    def page(
        self, *, subject: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[AuditEntry]:
        """Return entries, newest first."""
        ...


class Events(Protocol):
    """The live stream's memory; numbers rise by one and are never used twice."""

    def append(self, entry: EventEntry) -> EventEntry: ...
    def after(self, seq: int, *, limit: int = 500) -> tuple[EventEntry, ...]: ...
    def bounds(self) -> tuple[int, int]:
        """Return the oldest and the newest kept number; (0, 0) when there is none."""
        ...


class Tokens(Protocol):
    """Bearer tokens."""

    def get(self, token_id: str) -> Token | None: ...
    def named(self, name: str) -> Token | None: ...
    def all(self) -> tuple[Token, ...]: ...
    def put(self, token: Token) -> None: ...
    def remove(self, token_id: str) -> bool: ...


class Replays(Protocol):
    """First answers to mutations that carried an `Idempotency-Key`."""

    def get(self, key: str, token_id: str) -> Replay | None: ...
    def put(self, replay: Replay) -> None: ...


class Retention(Protocol):
    """What is forgotten with time."""

    def prune(self, *, now: datetime) -> dict[str, int]:
        """Remove what is older than its time; return how many rows by kind.

        Healed findings and reports go after 90 days; runs, ended remediations and audit
        rows after 400; events beyond the newest 100,000; replays after 48 hours. What is
        open stays.
        """
        ...
