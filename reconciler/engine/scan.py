"""One scan of one stack: snapshot, verdicts, report. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

from reconciler.domain.added_children import children_among
from reconciler.domain.model import Observed, ResourceAddress, Snapshot, StackReport, Unreadable
from reconciler.domain.report import Judging, build_report
from reconciler.domain.selection import select_addresses
from reconciler.domain.undeclared_scan import Yardstick, compared
from reconciler.ports import Clock, IacAdapter, StackReference

_UNANSWERED = "the adapter gave no answer for it"


class ScanListener(Protocol):
    """Told how a scan gets on; must not block and must not raise."""

    def loaded(self, snapshot: Snapshot, *, total: int) -> None:
        """`total` resources are about to be read."""
        ...

    def observed(self, seen: Observed) -> None:
        """One more is known."""
        ...


@dataclass(frozen=True, slots=True)
class Scanning:
    """What a scan is made with: one adapter stays warm over many scans."""

    adapter: IacAdapter
    clock: Clock
    judging: Judging
    listener: ScanListener | None = None
    yardstick: Yardstick = field(default_factory=Yardstick)


async def scan_stack(
    reference: StackReference, *, scanning: Scanning, addresses: Sequence[str] = ()
) -> StackReport:
    """Return what one scan saw; nothing was changed anywhere.

    An address the adapter stayed silent about counts as unreadable: a read that did
    not happen is evidence of nothing.

    Raises:
        RetryableError: the backend could not be reached.
        PermanentError: the code, the state, the set-up or an address is unusable.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    snapshot = await scanning.adapter.load(reference)
    loaded = loop.time()
    known = tuple(resource.address for resource in snapshot.resources)
    resources = snapshot.resources
    moves = {
        resource.address: resource.moves_to
        for resource in resources
        if resource.moves_to is not None
    }
    parents = {
        resource.address: resource.parent for resource in resources if resource.parent is not None
    }
    chosen = (
        select_addresses(addresses, known=_nameable(snapshot), moves=moves, parents=parents)
        if addresses
        else None
    )
    if scanning.listener:
        scanning.listener.loaded(snapshot, total=len(known if chosen is None else chosen))
    observed = await _observe(snapshot, chosen, scanning)
    return await _reported(
        snapshot,
        _answered(observed, known if chosen is None else chosen),
        scanning,
        timing_ms=_timing(snapshot.timing_ms, observed, (started, loaded, loop.time())),
        whole=chosen is None,
    )


async def scan_loaded(
    snapshot: Snapshot,
    *,
    scanning: Scanning,
    addresses: Collection[ResourceAddress] | None = None,
) -> StackReport:
    """Return what a scan of a stack that is loaded already saw; of all when None is named.

    Exactly `addresses` are read; those the snapshot does not know are left out.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    known = tuple(resource.address for resource in snapshot.resources)
    chosen = (
        None
        if addresses is None
        else tuple(address for address in _nameable(snapshot) if address in addresses)
    )
    if chosen is not None and addresses is not None:
        chosen = (*chosen, *children_among(addresses, known))
    observed = await _observe(snapshot, chosen, scanning)
    return await _reported(
        snapshot,
        _answered(observed, known if chosen is None else chosen),
        scanning,
        timing_ms=_timing(snapshot.timing_ms, observed, (started, started, loop.time())),
        whole=chosen is None,
    )


async def _reported(
    snapshot: Snapshot,
    observed: Sequence[Observed],
    scanning: Scanning,
    *,
    timing_ms: dict[str, float],
    whole: bool,
) -> StackReport:
    """Return the report of what was seen, held against the baselines.

    What moved has to be decoded for that, which takes too long for the event loop.
    """
    loop = asyncio.get_running_loop()
    began, at = loop.time(), scanning.clock.now()
    rulebook, key = scanning.judging.rulebook, scanning.judging.key
    held = await asyncio.to_thread(
        compared, observed, scanning.yardstick, rulebook=rulebook, key=key, at=at
    )
    took = (loop.time() - began) * 1000
    timing_ms["judge"] = round(timing_ms["judge"] + took, 1)
    timing_ms["total"] = round(timing_ms["total"] + took, 1)
    report = build_report(
        snapshot,
        held.observed,
        judging=scanning.judging,
        observed_at=at,
        timing_ms=timing_ms,
        whole=whole,
    )
    return replace(report, begun=held.begun)


async def _observe(
    snapshot: Snapshot, chosen: tuple[ResourceAddress, ...] | None, scanning: Scanning
) -> list[Observed]:
    observed: list[Observed] = []
    stream = scanning.adapter.observe(snapshot, chosen)
    # Closed here and not by the collector: a cancelled scan must end its reads now.
    async with aclosing(cast("AsyncGenerator[Observed, None]", stream)):
        async for seen in stream:
            observed.append(seen)
            if scanning.listener:
                scanning.listener.observed(seen)
    return observed


def _nameable(snapshot: Snapshot) -> tuple[ResourceAddress, ...]:
    """Return what a scan may be asked for: each resource and output, once."""
    known = (resource.address for resource in snapshot.resources)
    return tuple(dict.fromkeys((*known, *snapshot.outputs)))


def _answered(
    observed: Sequence[Observed], asked: Sequence[ResourceAddress]
) -> tuple[Observed, ...]:
    answered = {seen.address for seen in observed}
    silent = (address for address in asked if address not in answered)
    return (*observed, *(Observed(address, Unreadable(_UNANSWERED)) for address in silent))


def _timing(
    of_load: Mapping[str, float],
    observed: Sequence[Observed],
    moments: tuple[float, float, float],
) -> dict[str, float]:
    """Share the observing time out between reading and judging, so that parts add up.

    Reads overlap, so their own times sum to more than what went by.
    """
    started, loaded, finished = (moment * 1000 for moment in moments)
    read = sum(seen.read_ms for seen in observed)
    judge = sum(seen.judge_ms for seen in observed)
    share = judge / (read + judge) if read + judge else 0.0
    timing = {"load": loaded - started, "record": 0.0, "configure": 0.0, **of_load}
    timing["read"] = (finished - loaded) * (1 - share)
    timing["judge"] = (finished - loaded) * share
    timing["total"] = finished - started
    return {name: round(value, 1) for name, value in timing.items()}
