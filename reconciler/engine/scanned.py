"""One scan of a stack, whole or in part; what goes wrong with the stack is a value."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from reconciler.bounded_files import apart
from reconciler.domain.errors import ReconcilerError, StorageError
from reconciler.domain.model import ResourceAddress, Snapshot, StackReport, Status
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import StackRecord
from reconciler.domain.state_lineage import StateMark
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.defects import outcome_of
from reconciler.engine.own_plans import planned_since_scan
from reconciler.engine.roots import reference_within
from reconciler.engine.scan import Scanning, scan_loaded
from reconciler.engine.service import Service
from reconciler.ports import Declaration, IacAdapter, StackReference, Swapping

Addresses: TypeAlias = Mapping[ResourceAddress, ResourceAddress]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stack as recorded and declared now, and who read it."""

    adapter: IacAdapter
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was seen. `declarations` is None when code and state are as at the last scan."""

    report: StackReport
    revision: str
    began_at: datetime
    took_ms: float
    declarations: tuple[Declaration, ...] | None = None
    state: StateMark = field(default_factory=StateMark)
    recorded: frozenset[ResourceAddress] = frozenset()
    """What the last apply left: all that the code declares and that was created."""
    moved: Mapping[ResourceAddress, ResourceAddress] = field(default_factory=dict)
    """Where the record has what is swapped now, by the address that it had."""

    def unread(self, asked: Collection[ResourceAddress]) -> str | None:
        """Return which of `asked`, or of what was read along with it, gave no answer, and why."""
        unseen = ((address, unseen.reason) for address, unseen in self.report.unseen)
        silent = (*self.report.unreadable, *(pair for pair in unseen if pair[0] in asked))
        return next((f"{address} cannot be read: {reason}" for address, reason in silent), None)


@dataclass(frozen=True, slots=True)
class Blind:
    """Nothing was seen, and why."""

    error: ReconcilerError
    began_at: datetime
    took_ms: float


async def load(service: Service, stack: StackRecord) -> Loaded:
    """Return the stack as recorded and declared.

    Raises:
        RetryableError: the backend could not be reached.
        PermanentError: there is no adapter for it, or its set-up is unusable.
    """
    reference = await reference_of(service, stack)
    adapter = service.adapter_of(replace(stack, tool=reference.tool))
    return Loaded(adapter, await adapter.load(reference))


async def reference_of(service: Service, stack: StackRecord) -> StackReference:
    """Return how to read the stack now; its files are read off the loop, with a deadline.

    Raises:
        RetryableError: a file gave no answer in time.
        PermanentError: the directory or the environment file cannot be used.
    """
    return await apart(lambda: _reference(service, stack), place=Path(stack.directory))


def _reference(service: Service, stack: StackRecord) -> StackReference:
    if stack.source == "api":
        # Again, since a link may lead elsewhere by now, and the roots may have changed.
        return reference_within(service, stack)
    return service.reference_of(stack)


async def scan(
    service: Service,
    stack: StackRecord,
    *,
    addresses: Collection[ResourceAddress] | None = None,
) -> Scanned | Blind:
    """Return what a fresh read of `stack` gave, of all of it or of exactly `addresses`.

    Raises:
        StorageError: the database, which is ours and not the stack's, cannot be used.
    """
    began_at = service.clock.now()
    loop = asyncio.get_running_loop()
    started = loop.time()
    found = await outcome_of(lambda: _scan(service, stack, addresses), let_through=(StorageError,))
    took_ms = (loop.time() - started) * 1000
    if isinstance(found, ReconcilerError):
        return Blind(found, began_at, took_ms)
    report, snapshot, declared, moved = found
    return Scanned(
        report=report,
        revision=snapshot.revision,
        began_at=began_at,
        took_ms=took_ms,
        declarations=declared,
        state=StateMark(snapshot.lineage, snapshot.serial),
        recorded=frozenset(
            resource.address
            for resource in snapshot.resources
            if resource.status is not Status.NOT_CREATED
        ),
        moved=moved,
    )


async def _scan(
    service: Service, stack: StackRecord, addresses: Collection[ResourceAddress] | None
) -> tuple[StackReport, Snapshot, tuple[Declaration, ...] | None, Addresses]:
    loaded = await load(service, stack)
    baselines, quarantines, planned = await service.store.read(
        lambda view: (
            view.baselines.of_stack(stack.name),
            view.quarantines.unreleased(stack.name),
            planned_since_scan(view, stack, serial=loaded.snapshot.serial),
        )
    )
    scanning = Scanning(
        adapter=loaded.adapter,
        clock=service.clock,
        judging=service.judging,
        yardstick=Yardstick(baselines, keep=addresses is None, planned=planned),
    )
    report = await scan_loaded(loaded.snapshot, scanning=scanning, addresses=addresses)
    declared = None
    if addresses is None and loaded.snapshot.revision != stack.revision:
        declared = await loaded.adapter.declarations(loaded.snapshot)
    return report, loaded.snapshot, declared, moved_of(loaded, quarantines)


def moved_of(loaded: Loaded, quarantines: Iterable[Quarantine]) -> Addresses:
    """Return where the record has now what `quarantines` swapped, if not where it was."""
    edges = [edge for known in quarantines for edge in known.edges if edge.attribute is not None]
    if not edges or not isinstance(loaded.adapter, Swapping):
        return {}
    return loaded.adapter.moved(loaded.snapshot, edges)
