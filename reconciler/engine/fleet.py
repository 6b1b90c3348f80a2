"""A scan of several stacks: a few at a time, and one failure silences no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import StackName, StackReport
from reconciler.engine.defects import outcome_of
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import StackReference

AT_ONCE: Final = 2


ScanningFor = Callable[[StackReference], Scanning]


@dataclass(frozen=True, slots=True)
class FleetScan:
    """What one scan gave, in the order the stacks were named."""

    reports: tuple[StackReport, ...]
    failures: tuple[tuple[StackName, ReconcilerError], ...]


async def scan_fleet(
    references: Sequence[StackReference],
    *,
    scanning_for: ScanningFor,
    addresses: Sequence[str] = (),
) -> FleetScan:
    """Scan each stack once, `AT_ONCE` side by side; raises nothing of its own."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(reference: StackReference) -> StackReport | ReconcilerError:
        async with limit:
            return await _guarded(reference, scanning_for, addresses)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(reference)) for reference in references]
    outcomes = list(zip(references, (task.result() for task in tasks), strict=True))
    return FleetScan(
        reports=tuple(got for _, got in outcomes if isinstance(got, StackReport)),
        failures=tuple(
            (reference.name, got) for reference, got in outcomes if isinstance(got, ReconcilerError)
        ),
    )


async def scan_repeatedly(
    references: Sequence[StackReference],
    *,
    scanning_for: ScanningFor,
    addresses: Sequence[str] = (),
    scans: int,
    every_s: float,
) -> AsyncGenerator[FleetScan, None]:
    """Yield `scans` scans, each beginning `every_s` after the one before it began.

    A scan that takes longer is followed at once; scans never overlap.
    """
    loop = asyncio.get_running_loop()
    for number in range(scans):
        started = loop.time()
        yield await scan_fleet(references, scanning_for=scanning_for, addresses=addresses)
        if number + 1 < scans:
            await asyncio.sleep(max(0.0, started + every_s - loop.time()))


async def _guarded(
    reference: StackReference, scanning_for: ScanningFor, addresses: Sequence[str]
) -> StackReport | ReconcilerError:
    return await outcome_of(
        lambda: scan_stack(reference, scanning=scanning_for(reference), addresses=addresses)
    )
