"""Reads again what events told of; what the daemon refuses now it is asked for later."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from reconciler.client.errors import ReconcilerError, RefusedError, UnreachableError
from tui.store.reads import Reads
from tui.store.refusals import Refusals
from tui.store.store import Store

_MOST_READS: Final = 10
"""Things that are read again in one tick; a storm of events must not become one of requests."""
_MANY: Final = 100
_MANY_OF: Final = 50
_MANY_EVERY_S: Final = 5.0
"""More findings than these, and than a fiftieth of all, are read sooner with their lists."""
LATER_S: Final = 3.0
"""One thing that is refused does not keep the others from being read meanwhile."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 8.0
DENIED_S: Final = 30.0
"""With a token that is not accepted; after ten bad ones a minute the daemon refuses all of them."""
_BUSY: Final = frozenset({429, 503})


class CatchUp:
    """Empties the store's `unread`, a few things at a time.

    Nothing that is named there is lost: what was refused is named again some seconds later. A
    daemon that is busy, or does not answer, is left alone for a while, longer each time. With a
    token that is not accepted it is asked for nothing but whose that is.
    """

    def __init__(
        self, store: Store, reads: Reads, *, refusals: Refusals, all_anew: Callable[[], None]
    ) -> None:
        self._store = store
        self._reads = reads
        self._refusals = refusals
        self._all_anew = all_anew
        self._later: list[tuple[set[str], str]] = []
        self._later_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._again_at = 0.0
        self._whose_at = -DENIED_S
        self._listed_at = -_MANY_EVERY_S

    async def go_on(self) -> None:
        """Read the next few things, unless the daemon is to be left alone."""
        now = time.monotonic()
        if now < self._again_at:
            return
        if self._refusals.denied is not None and not await self._is_accepted(now):
            return
        if self._refusals:
            self._refusals.keep(self._asked())
        if self._later and now >= self._later_at:
            for names, name in self._later:
                names.add(name)
            self._later.clear()
        others = self._store.unread.others
        if "policy" in others:
            # What they propose of each finding is computed when it is read.
            others.discard("policy")
            self._store.changes.others.add("policy")
            self._all_anew()
        self._list_many(now)
        for name, read in (("hold", self._reads.hold), ("quarantines", self._reads.quarantines)):
            if name in others and not await self._read(others, name, read):
                return
        await self._read_some()

    async def _is_accepted(self, now: float) -> bool:
        """Ask whose the token is, now and then; return whether it is accepted again."""
        if now - self._whose_at < DENIED_S:
            return False
        self._whose_at = now
        try:
            await self._reads.whose()
        except ReconcilerError:
            return False
        self._refusals.accepted()
        return True

    def _asked(self) -> set[str]:
        """Return what is still to be read."""
        unread = self._store.unread
        named = unread.findings | unread.remediations | unread.runs | unread.stacks | unread.others
        return named.union(name for _names, name in self._later)

    def _list_many(self, now: float) -> None:
        """Have the lists read where a scan told of too many findings to ask for each."""
        unread = self._store.unread.findings
        enough = max(_MANY, len(self._store.rows) // _MANY_OF)
        if len(unread) > enough and now - self._listed_at >= _MANY_EVERY_S:
            self._listed_at = now
            unread.clear()
            self._all_anew()

    async def _read_some(self) -> None:
        store, reads, left = self._store, self._reads, _MOST_READS
        for kind, read in (
            ("remediations", reads.remediation),
            ("runs", reads.run),
            ("stacks", reads.stack),
            ("findings", reads.finding),
        ):
            unread: set[str] = getattr(store.unread, kind)
            under_way: set[str] = getattr(store.reading, kind)
            for name in list(unread)[:left]:
                left -= 1
                under_way.add(name)
                goes_on = await self._read(unread, name, partial(read, name))
                under_way.discard(name)
                if not goes_on:
                    return

    async def _read(self, unread: set[str], name: str, read: Callable[[], Awaitable[None]]) -> bool:
        """Read what `unread` names; return whether the daemon may be asked for more."""
        unread.discard(name)
        try:
            await read()
        except ReconcilerError as error:
            self._refusals.add(name, error)
            if not self._later:
                self._later_at = time.monotonic() + LATER_S
            self._later.append((unread, name))
            return self._refusals.denied is None and not self._leave_alone(error)
        self._refusals.discard(name)
        self._pause_s = FIRST_PAUSE_S
        return True

    def _leave_alone(self, error: ReconcilerError) -> bool:
        """Ask for nothing for a while, where `error` says that the daemon is busy or away."""
        refused = error if isinstance(error, RefusedError) else None
        busy = refused is not None and refused.status in _BUSY
        if not (busy or isinstance(error, UnreachableError)):
            return False
        wished_s = refused.retry_after_s if refused else None
        pause_s = max(self._pause_s, min(wished_s or 0.0, LONGEST_PAUSE_S))
        self._again_at = time.monotonic() + pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return True
