"""Is the audit as it was written? All of it is read, some entries at a time."""

from __future__ import annotations

import asyncio
from typing import Final

from reconciler.domain.audit_chain import Verified, verified
from reconciler.domain.errors import ReconcilerError
from reconciler.engine.service import Service

_AT_ONCE: Final = 1000


async def verify(service: Service) -> Verified:
    """Follow the digests of all entries; the first that does not follow is named.

    Raises:
        StorageError: the database cannot be read.
    """
    before = await service.store.read(lambda view: view.audit.beginning())
    found = Verified(last=before)
    while found.broken is None:
        seq = before.seq
        try:
            entries = await service.store.read(
                lambda view, seq=seq: view.audit.after(seq, limit=_AT_ONCE)  # type: ignore[misc]
            )
        except ReconcilerError:
            raise
        except (ValueError, TypeError, AttributeError):
            # A time, a kind or details that no longer are any: somebody edited the file.
            return await _unreadable(service, found, seq)
        if not entries:
            return found
        found, before = await asyncio.to_thread(verified, found, before, entries)
    return found


async def _unreadable(service: Service, found: Verified, seq: int) -> Verified:
    """Read one entry at a time up to the one that cannot be read."""
    before = found.last
    while True:
        try:
            entries = await service.store.read(lambda view, seq=seq: view.audit.after(seq, limit=1))  # type: ignore[misc]
        except (ValueError, TypeError, AttributeError):
            why = "it cannot be read: something in it is no time, no kind or no JSON"
            return Verified(found.entries, found.first, before, broken=seq + 1, why=why)
        found, before = verified(found, before, entries)
        if not entries or found.broken is not None:
            return found
        seq = before.seq
