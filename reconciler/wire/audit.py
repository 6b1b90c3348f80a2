"""The audit on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Wire
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry(Wire):
    """Who did what to what."""

    seq: int
    at: Time
    actor: str
    actor_kind: Literal["user", "agent", "reporter", "system"] | None
    action: str
    subject: str
    details: dict[str, Any]


def audit_of(entry: records.AuditEntry) -> AuditEntry:
    """Return who did what to what."""
    return mapping.shown(AuditEntry, entry)
