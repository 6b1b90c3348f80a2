"""What is written along with every change: who did it, and a line for the live stream."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from reconciler.domain.events import CATALOGUE, Body
from reconciler.domain.principals import PrincipalKind, kind_of
from reconciler.domain.records import AuditEntry, EventEntry, Json
from reconciler.domain.sources import AGENTS
from reconciler.stores import Transaction
from reconciler.wire.model import encode

ENGINE: Final = "trueup"
"""The actor where no person asked for it."""
PROGRAM: Final = "embedding program"
"""The actor where a program that embeds trueup asked for it; nobody else begins what it asked."""
RESERVED: Final = frozenset({ENGINE, PROGRAM})
"""No token may have such a name: the audit would take its owner for trueup itself."""

_ID_BYTES: Final = 10


def new_id() -> str:
    """Return a name that was never used; its first characters differ too."""
    return secrets.token_hex(_ID_BYTES)


def audit(
    tx: Transaction,
    action: str,
    subject: str,
    *,
    at: datetime,
    actor: str = ENGINE,
    details: Json | None = None,
) -> None:
    """Keep for good that `actor` did `action` to `subject`, and what kind of somebody that is."""
    entry = AuditEntry(
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        details=details or {},
        actor_kind=_kind(tx, actor),
    )
    tx.audit.append(entry)


def _kind(tx: Transaction, actor: str) -> PrincipalKind | None:
    # Looked up where the row is written: the name stays, the token may be removed later.
    if actor in RESERVED:
        return PrincipalKind.SYSTEM
    if actor.startswith(AGENTS):
        return PrincipalKind.AGENT
    token = tx.tokens.named(actor)
    return None if token is None else kind_of(token.role)


def emit(tx: Transaction, event: str, subject: str, body: Body, *, at: datetime) -> None:
    """Tell everybody who listens, once this transaction is committed.

    Raises:
        TypeError: the catalogue has no such event, or one with another body.
    """
    row = CATALOGUE.get(event)
    if row is None or row.body is not type(body):
        raise TypeError(f"{event} with a {type(body).__name__} is not in domain.events")
    tx.events.append(EventEntry(at=at, type=event, subject=subject, body=encode(body)))
