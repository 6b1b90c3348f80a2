"""The audit on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import audit_chain, records


@model
class AuditEntry(Wire):
    """Who did what to what."""

    seq: int
    at: Time
    actor: str
    actor_kind: Literal["user", "agent", "reporter", "system"] | None
    action: str
    subject: str
    details: dict[str, Any]
    digest: str = ""
    """Of this entry and the one before it; empty from a daemon that keeps none."""


@model
class AuditVerified(Wire):
    """Whether the audit is as it was written; `broken` is the first entry that is not."""

    entries: int
    first: int
    last: int
    digest: str
    broken: int | None
    why: str | None


def verified_of(found: audit_chain.Verified) -> AuditVerified:
    """Return what a verification found."""
    return AuditVerified(
        entries=found.entries,
        first=found.first,
        last=found.last.seq,
        digest=found.last.digest,
        broken=found.broken,
        why=found.why,
    )


def audit_of(entry: records.AuditEntry) -> AuditEntry:
    """Return who did what to what."""
    return mapping.shown(AuditEntry, entry)
