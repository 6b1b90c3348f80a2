"""Keeps the store true: the lists once, then every event, in ticks that are cheap to draw."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

from reconciler.client import Client
from reconciler.client.errors import DeniedError, ReconcilerError
from tui.store.catch_up import DENIED_S, CatchUp
from tui.store.changes import Changes
from tui.store.link import Link
from tui.store.reads import Reads
from tui.store.refusals import LISTS, Refusals
from tui.store.store import Store

TICK_S: Final = 0.15
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 8.0
AGAIN_S: Final = 5.0


class Pump:
    """Reads the lists when the stream opens, applies events, and calls `publish` once a tick.

    `publish` gets what changed; it is also called when only the link did. `learn` is awaited
    before the lists are read.

    The link is the stream's: as long as that is open and gives signs of life, whatever changes
    is told. An answer that is refused or lost is asked for again, and the link says that it is
    missing.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        publish: Callable[[Changes], None],
        *,
        learn: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._store = store
        self._publish = publish
        self._reads = Reads(client, store, learn=learn)
        self._refusals = Refusals(self._judge)
        self._catch_up = CatchUp(
            store, self._reads, refusals=self._refusals, all_anew=self.read_again
        )
        self._snapshot_wanted = asyncio.Event()
        self._stream = Link()
        self._moved = False
        self._from_newest = True
        self.link = Link()
        self.loaded = False

    @property
    def progress(self) -> int:
        """How many findings were listed so far."""
        return self._reads.progress

    async def run(self) -> None:
        """Follow the daemon for as long as nobody cancels it; only a refusal ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._snapshots())
            group.create_task(self._catching_up())
            group.create_task(self._tick())

    async def _follow(self) -> None:
        while True:
            try:
                await self._events()
            except DeniedError as error:
                self._reached(Link("denied", time.monotonic(), 0, str(error), error.remedy or ""))
            except ReconcilerError as error:
                self._lost(error)
            await asyncio.sleep(DENIED_S if self._stream.state == "denied" else AGAIN_S)

    async def _events(self) -> None:
        after = self._store.seq or None
        self._from_newest = after is None
        stream = self._client.events.follow(
            after=after, patience_s=math.inf, opened=self._opened, lost=self._lost
        )
        async for event in stream:
            if event.type == "reset":
                self._snapshot_wanted.set()
                continue
            self._store.apply(event)

    def _opened(self) -> None:
        self._reached(Link("live", time.monotonic()))
        # A stream without a place begins at the newest event: what was told before is in the lists.
        if self._from_newest or not self.loaded:
            self._from_newest = False
            self._snapshot_wanted.set()

    def _lost(self, error: ReconcilerError) -> None:
        self._reached(self._stream.lost(str(error), error.remedy or "", now=time.monotonic()))

    def _reached(self, stream: Link) -> None:
        self._stream = stream
        self._judge()

    def _judge(self) -> None:
        self.link = self._refusals.of(self._stream)
        self._moved = True

    def read_again(self) -> None:
        """Have the lists read anew."""
        self._snapshot_wanted.set()

    async def _snapshots(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await self._snapshot_wanted.wait()
            self._snapshot_wanted.clear()
            try:
                await self._reads.lists()
            except ReconcilerError as error:
                self._refusals.add(LISTS, error)
                await asyncio.sleep(DENIED_S if self._refusals.denied else pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                self._snapshot_wanted.set()
            else:
                pause_s = FIRST_PAUSE_S
                self.loaded = True
                self._refusals.discard(LISTS)

    async def _catching_up(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self._stream.live:
                await self._catch_up.go_on()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            changes = self._store.taken()
            if changes or self._moved:
                self._moved = False
                self._publish(changes)
