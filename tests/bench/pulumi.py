"""Checks of Pulumi stacks, warm and cold, beside `pulumi refresh --preview-only` and bare calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.adapter import PulumiAdapter
from reconciler.ports import AdapterSetup
from tests.bench.figures import Row, Sample, faster, within
from tests.bench.ours import WarmStack, scan_environment, scan_once
from tests.bench.pulumi_ground import SIZES, pulumi_ground
from tests.worlds.api_calls import ApiCall, recorded_calls, replay
from tests.worlds.pulumi.project import KEY, STACK
from tests.worlds.pulumi.shop import Shop

_PASSES: Final = 25
_PEER_RUNS: Final = 5
_CONNECTIONS: Final = 10
_TOTAL: Final = {"pair": 40.0, "nine": 10.0}
_COLD: Final = 4.0
_COLD_RUNS: Final = 5
_COLD_BOUND: Final = (
    "a new process pays its own imports, the stack's key (PBKDF2), the start of the bridge and of"
    " the provider behind it, and the first time a `pulumi preview`, which the peer does not run"
)
_REFRESH: Final = ("refresh", "--preview-only", "--expect-no-changes")


def pulumi_rows(stack: str) -> tuple[str, list[Row]]:
    """Return what was deployed, in words, and the rows of one stack."""
    with pulumi_ground(stack) as shop:
        started = time.monotonic()
        rows = asyncio.run(_rows(stack, shop))
        what = f"pulumi {stack}: {SIZES[stack]} resources; measured in"
        return f"{what} {time.monotonic() - started:.0f} s", rows


async def _rows(stack: str, shop: Shop) -> list[Row]:
    calls, peer_calls = await _calls(shop)
    passes: list[float] = []
    bare: list[float] = []
    async with _warm(shop, "warm") as ours:
        for _ in range(_PASSES):
            bare.append((await replay(calls, shop.endpoint, connections=_CONNECTIONS)).seconds)
            passes.append(await ours.check())
    peer = Sample(tuple([await _refresh(shop) for _ in range(_PEER_RUNS)]))
    mine, theirs = Sample(tuple(passes)), Sample(tuple(bare))
    first, again = await _scans(shop)
    bound = (
        f"{len(calls)} API calls through the bridge and the provider behind it;"
        f" the bare calls alone are 1/{peer.median / theirs.median:.0f} of this peer"
    )
    return [
        within(
            f"{stack}: API calls of a check",
            Sample((float(len(calls)),), "calls"),
            Sample((float(len(peer_calls)),), "calls"),
            at_most=1.0,
        ),
        within(f"{stack}: against the bare calls", mine, theirs, at_most=1.3, bound=bound),
        faster(f"{stack}: total", mine, peer, at_least=_TOTAL[stack], bound=bound),
        faster(f"{stack}: cold, nothing known", first, peer, at_least=_COLD, bound=_COLD_BOUND),
        faster(
            f"{stack}: cold, program run before", again, peer, at_least=_COLD, bound=_COLD_BOUND
        ),
    ]


async def _scans(shop: Shop) -> tuple[Sample, Sample]:
    """Scan by new processes: each time once with nothing known, and once more."""
    folder = shop.folder / "cold"
    environment = scan_environment({**os.environ, **shop.environment}, folder)
    first: list[float] = []
    again: list[float] = []
    for _ in range(_COLD_RUNS):
        shutil.rmtree(folder, ignore_errors=True)
        for seconds in (first, again):
            seconds.append(await scan_once(shop.directory, environment, ("--stack", STACK)))
    return Sample(tuple(first)), Sample(tuple(again))


async def _calls(shop: Shop) -> tuple[list[ApiCall], list[ApiCall]]:
    """Return what one warm scan of ours and one refresh of the CLI's send."""
    async with recorded_calls(shop.endpoint) as calls:
        seen = replace(shop, extra={**shop.extra, "AWS_ENDPOINT_URL": calls.endpoint})
        async with _warm(seen, "counted") as ours:
            calls.clear()
            await ours.check()
            mine = list(calls.kept)
        calls.clear()
        await _refresh(seen)
        return mine, _of_resources(calls.kept)


def _of_resources(calls: Sequence[ApiCall]) -> list[ApiCall]:
    """Leave out what a provider asks when it is configured: ours was, before we counted."""
    return [call for call in calls if call.action != "GetCallerIdentity"]


@asynccontextmanager
async def _warm(shop: Shop, folder: str) -> AsyncIterator[WarmStack]:
    """Hold the stack warm: two passes are made, so that the next one is a re-check."""
    cache = shop.folder / folder
    adapter = PulumiAdapter(
        AdapterSetup(data_dir=cache / "data", cache_dir=cache / "cache", key=KEY)
    )
    stack = WarmStack(adapter, shop.reference())
    try:
        await stack.check()
        await stack.check()
        yield stack
    finally:
        await adapter.close()


async def _refresh(shop: Shop) -> float:
    """Run the peer's whole command once; return its seconds. It ends non-zero on any change."""
    started = time.perf_counter()
    await asyncio.to_thread(shop.run, *_REFRESH)
    return time.perf_counter() - started
