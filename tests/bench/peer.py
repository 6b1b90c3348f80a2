"""The stock tool at the same work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.bench.figures import Sample
from tests.bench.ground import Way
from tests.simulator import run_tool

REFRESH: Final = ("plan", "-refresh-only", "-lock=false", "-input=false", "-no-color")
PLAN: Final = ("plan", "-lock=false", "-input=false", "-no-color")


async def plan_once(
    executable: Path,
    way: Way,
    arguments: tuple[str, ...],
    environment: Mapping[str, str] | None = None,
) -> float:
    """Run the stock plan once; return its seconds."""
    started = time.perf_counter()
    await asyncio.to_thread(
        run_tool, executable, way.directory, *arguments, environment=environment or way.environment
    )
    return time.perf_counter() - started


async def plans(executable: Path, way: Way, arguments: tuple[str, ...]) -> Sample:
    """Run it `way.runs` times."""
    seconds = [await plan_once(executable, way, arguments) for _ in range(way.runs)]
    return Sample(tuple(seconds))
