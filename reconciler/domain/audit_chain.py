"""Each entry of the audit carries a digest of itself and of the entry before it.

Whoever changes, removes, inserts or moves an entry in the database breaks the chain there. The
digest of the newest entry, kept elsewhere, shows whether the whole was written anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Final

from reconciler.domain.records import AuditEntry

BEGINNING: Final = "0" * 64
"""What stands before the first entry of all."""
_PREFIX: Final = b"\x00"


@dataclass(frozen=True, slots=True)
class Link:
    """Where the chain is: the number and digest of an entry; those of none at the beginning."""

    seq: int = 0
    digest: str = BEGINNING


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: how many entries hold, from which to which, or what does not."""

    entries: int = 0
    first: int = 0
    last: Link = field(default_factory=Link)
    broken: int | None = None
    """The number of the first entry that is not as it was written."""
    why: str | None = None


def entry_digest(before: str, entry: AuditEntry, details: str) -> str:
    """Return SHA-256 over the digest `before` and the entry, whose details are JSON text."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    kind = None if entry.actor_kind is None else entry.actor_kind.value
    parts = [entry.seq, at, entry.actor, kind, entry.action, entry.subject, details]
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(_PREFIX + before.encode() + text.encode()).hexdigest()


def verified(
    so_far: Verified, before: Link, entries: Iterable[tuple[AuditEntry, str]]
) -> tuple[Verified, Link]:
    """Return `so_far` with `entries`, oldest first, and the link after them.

    Each entry comes with its details as they are kept. The first one that does not follow from
    the one before it ends the verification.
    """
    count, first = so_far.entries, so_far.first
    for entry, details in entries:
        why = _why_broken(before, entry, details)
        if why is not None:
            return Verified(count, first, before, broken=entry.seq, why=why), before
        count, first = count + 1, first or entry.seq
        before = Link(entry.seq, entry.digest)
    return Verified(count, first, before), before


def _why_broken(before: Link, entry: AuditEntry, details: str) -> str | None:
    if before.seq and entry.seq != before.seq + 1:
        missing = entry.seq - before.seq - 1
        return f"{missing} entries before it are missing" if missing > 1 else (
            f"entry {before.seq + 1} before it is missing"
        )  # fmt: skip
    if entry.digest != entry_digest(before.digest, entry, details):
        return "it is not as it was written, or what was written before it is not"
    return None
