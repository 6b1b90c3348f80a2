"""Cold scans by a new process beside `terraform plan`."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from tests.bench.figures import Row, Sample, faster, within
from tests.bench.ground import Ground, Way
from tests.bench.ours import scan_environment, scan_once
from tests.bench.peer import PLAN, plan_once, plans
from tests.worlds.api_calls import recorded_calls

_LIMIT: Final = 4.0
_BOUND: Final = (
    "a new process pays its own imports, one `terraform plan -refresh=false` that records what"
    " the providers are told, a provider's start, and then the provider's own API calls"
)


async def cold(ground: Ground) -> list[Row]:
    """Return the rows of one stack: nothing known, nothing recorded, all on disk."""
    rows = [await _calls(ground)]
    for way in ground.ways:
        folder = ground.folder / f"cold-{way.directory.name}"
        peer = await plans(ground.executable, way, PLAN)
        for name, before in _BEGINNINGS.items():
            ours = await _scans(way, folder, before)
            what = f"{ground.stack}, {way.name}: {name}"
            rows.append(faster(what, ours, peer, at_least=_LIMIT, bound=_BOUND))
    return rows


async def _scans(way: Way, folder: Path, before: Callable[[Path], None]) -> Sample:
    environment = scan_environment(way.environment, folder)
    seconds: list[float] = []
    for _ in range(way.runs):
        before(folder)
        seconds.append(await scan_once(way.directory, environment))
    return Sample(tuple(seconds))


def _forget_all(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _forget_recordings(folder: Path) -> None:
    for recordings in folder.glob("cache/**/recordings"):
        shutil.rmtree(recordings)


def _keep_all(folder: Path) -> None:
    del folder


_BEGINNINGS: Final[dict[str, Callable[[Path], None]]] = {
    "new machine": _forget_all,
    "nothing recorded": _forget_recordings,
    "recorded before": _keep_all,
}


async def _calls(ground: Ground) -> Row:
    """Count what a cold scan and a stock plan send."""
    way = ground.ways[0]
    async with recorded_calls(ground.endpoint) as calls:
        environment = {**way.environment, "AWS_ENDPOINT_URL": calls.endpoint}

        async def counted(work: Awaitable[float]) -> Sample:
            calls.clear()
            await work
            return Sample((float(len(calls.kept)),), "calls")

        own = scan_environment(environment, ground.folder / "counted-cold")
        ours = await counted(scan_once(way.directory, own))
        peer = await counted(plan_once(ground.executable, way, PLAN, environment))
    return within(f"{ground.stack}: API calls of a cold check", ours, peer, at_most=1.0)
