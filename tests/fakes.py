"""Fakes of our own ports; each passes the contract suite of the real thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Engine,
    InSync,
    Observed,
    RecordedResource,
    ResourceAddress,
    Snapshot,
    Status,
    Verdict,
)
from reconciler.ports import StackReference


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 5, 1, 10, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class FakeAdapter:
    """A world held in memory: what is recorded, and what a read of it gives.

    `live_reads` lists every address read, so that a test can tell reading from not.
    """

    resources: tuple[RecordedResource, ...] = ()
    verdicts: Mapping[ResourceAddress, Verdict] = field(default_factory=dict)
    silent: frozenset[ResourceAddress] = frozenset()
    refuses: ReconcilerError | Exception | None = None
    delay_s: float = 0.0
    live_reads: list[ResourceAddress] = field(default_factory=list)
    loads: int = 0
    loading_now: int = 0
    most_at_once: int = 0
    closed: bool = False
    streams_closed: int = 0

    async def load(self, reference: StackReference) -> Snapshot:
        self.loads += 1
        self.loading_now += 1
        self.most_at_once = max(self.most_at_once, self.loading_now)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.loading_now -= 1
        if self.refuses is not None:
            raise self.refuses
        return Snapshot(
            stack=reference.name,
            tool=reference.tool,
            directory=str(reference.directory),
            revision="1",
            obtained_by=Engine.PLUGIN,
            resources=self.resources,
            timing_ms={"load": 4.0, "record": 2.0},
        )

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        try:
            for resource in snapshot.resources:
                address = resource.address
                if addresses is not None and address not in addresses:
                    continue
                if address in self.silent:
                    continue
                await asyncio.sleep(self.delay_s)
                self.live_reads.append(address)
                yield Observed(address, self.verdicts.get(address, InSync()), 3.0, 1.0)
        finally:
            self.streams_closed += 1

    async def close(self) -> None:
        self.closed = True


def recorded(address: str, type: str = "", *dependencies: str) -> RecordedResource:  # noqa: A002
    """Return a recorded resource; its type is read off the address unless given."""
    return RecordedResource(
        address=ResourceAddress(address),
        type=type or address.split("[", maxsplit=1)[0].split(".")[-2],
        status=Status.LIVE,
        dependencies=tuple(ResourceAddress(name) for name in dependencies),
    )
