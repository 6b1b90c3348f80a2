"""Keeps the store true: the lists once, then every event, in ticks that are cheap to draw."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from reconciler.client import Client
from reconciler.client.errors import DeniedError, NotFoundError, ReconcilerError
from reconciler.client.proposals import Proposals
from tui.store.link import Link
from tui.store.rows import Row, row_of
from tui.store.store import Changes, Store

if TYPE_CHECKING:
    from reconciler.wire.findings import Finding
    from reconciler.wire.templates import Template

T = TypeVar("T")
TICK_S: Final = 0.15
_MOST_READS: Final = 10
"""Things that are read again in one tick; a storm of events must not become one of requests."""
_KEPT_RUNS: Final = 500
_LISTED: Final = ("state:open", "state:quarantined")


class Pump:
    """Reads the lists when the stream opens, applies events, and calls `publish` once a tick.

    `publish` gets what changed; it is also called when only the link did. `learn` is awaited
    before the lists are read.
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
        self._learn = learn
        self._snapshot_wanted = asyncio.Event()
        self._moved = False
        self.link = Link()
        self.loaded = False
        self.progress = 0

    async def run(self) -> None:
        """Follow the daemon for as long as nobody cancels it; only a refusal ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._snapshots())
            group.create_task(self._tick())

    async def _follow(self) -> None:
        while True:
            try:
                await self._events()
            except DeniedError as error:
                self._set(Link("denied", time.monotonic(), 0, str(error), error.remedy or ""))
            except ReconcilerError as error:
                self._lost(error)
            await asyncio.sleep(5.0)

    async def _events(self) -> None:
        after = self._store.seq or None
        stream = self._client.events.follow(
            after=after, patience_s=math.inf, opened=self._opened, lost=self._lost
        )
        async for event in stream:
            if event.type == "reset":
                self._snapshot_wanted.set()
                continue
            self._store.apply(event)

    def _opened(self) -> None:
        self._set(Link("live", time.monotonic()))
        # What changed while nobody listened and is older than the stream keeps is in the lists.
        if not self.loaded:
            self._snapshot_wanted.set()

    def _lost(self, error: ReconcilerError) -> None:
        self._set(self.link.lost(str(error), error.remedy or "", now=time.monotonic()))

    def _set(self, link: Link) -> None:
        self.link = link
        self._moved = True

    def read_again(self) -> None:
        """Have the lists read anew."""
        self._snapshot_wanted.set()

    async def _snapshots(self) -> None:
        while True:
            await self._snapshot_wanted.wait()
            self._snapshot_wanted.clear()
            try:
                await self._snapshot()
            except ReconcilerError as error:
                self._lost(error)
                await asyncio.sleep(1.0)
                self._snapshot_wanted.set()

    async def _snapshot(self) -> None:
        store, client = self._store, self._client
        await self._learn()
        store.hold = await client.hold.get()
        await self._learn_policies()
        before = set(store.stacks)
        found: set[str] = set()
        self.progress = 0
        with store.lists_read(found):
            stacks = {
                stack.name async for stack in self._kept(client.stacks.each(), store.put_stack)
            }
            for listed in _LISTED:
                async for finding in client.findings.each(filter=listed):
                    store.put_row(self._row(finding))
                    found.add(finding.id)
                    self.progress = len(found)
            async for remediation in client.remediations.each():
                store.put_remediation(remediation)
            page = await client.runs.page(limit=_KEPT_RUNS)
            for run in page.items:
                store.put_run(run)
        for name in before - stacks:
            store.stacks.pop(name, None)
        self.loaded = True
        store.changes.everything = True

    async def _kept(self, items: AsyncIterator[T], put: Callable[[T], None]) -> AsyncIterator[T]:
        async for item in items:
            put(item)
            yield item

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self.link.live:
                await self._read_unread()
            changes = self._store.taken()
            if changes or self._moved:
                self._moved = False
                self._publish(changes)

    async def _read_unread(self) -> None:
        store = self._store
        unread = store.unread
        for topic, read_whole in (("hold", self._read_hold), ("policy", self._read_policies)):
            if topic in unread.others:
                unread.others.discard(topic)
                await self._read(read_whole)
        left = _MOST_READS
        for names, under_way, read in (
            (unread.remediations, store.reading.remediations, self._read_remediation),
            (unread.runs, store.reading.runs, self._read_run),
            (unread.stacks, store.reading.stacks, self._read_stack),
            (unread.findings, store.reading.findings, self._read_finding),
        ):
            for name in list(names)[:left]:
                names.discard(name)
                left -= 1
                under_way.add(name)
                await self._read(partial(read, name))
                under_way.discard(name)

    async def _read(self, read: Callable[[], Awaitable[None]]) -> None:
        try:
            await read()
        except NotFoundError:
            return
        except ReconcilerError as error:
            self._lost(error)
            self._snapshot_wanted.set()

    async def _read_hold(self) -> None:
        self._store.hold = await self._client.hold.get()
        self._store.changes.others.add("hold")

    async def _learn_policies(self) -> None:
        """Read the policies, and the uploaded templates that they name."""
        policies = [policy async for policy in self._client.policies.each()]
        named = sorted({policy.template_id for policy in policies if policy.template_id})
        templates = [found for name in named if (found := await self._template(name))]
        self._store.policies = {policy.policy_id: policy.name for policy in policies}
        self._store.proposals = Proposals(policies, templates)

    async def _template(self, name: str) -> Template | None:
        try:
            return await self._client.templates.get(name)
        except NotFoundError:
            return None

    def _row(self, finding: Finding) -> Row:
        return row_of(finding, self._store.proposals.of(finding, now=datetime.now(UTC)))

    async def _read_policies(self) -> None:
        # What they propose of each finding is computed when it is read.
        self._snapshot_wanted.set()
        self._store.changes.others.add("policy")

    async def _read_remediation(self, name: str) -> None:
        self._store.put_remediation(await self._client.remediations.get(name))

    async def _read_run(self, name: str) -> None:
        self._store.put_run(await self._client.runs.get(name))

    async def _read_stack(self, name: str) -> None:
        try:
            self._store.put_stack(await self._client.stacks.get(name))
        except NotFoundError:
            self._store.stacks.pop(name, None)
            self._store.changes.stacks.add(name)

    async def _read_finding(self, name: str) -> None:
        try:
            self._store.put_row(self._row(await self._client.findings.get(name)))
        except NotFoundError:
            self._store.drop_row(name)
