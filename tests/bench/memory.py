"""Resident memory of a warm scan and of a stock plan, each with its provider processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.bench.figures import Row, Sample, within
from tests.bench.ground import Ground
from tests.bench.ours import BenchError, scan_command, scan_environment
from tests.bench.peer import REFRESH

_EVERY_S: Final = 0.05
_MEGABYTE: Final = 1e6
_PROVIDER: Final = "terraform-provi"  # the kernel keeps 15 characters of a name


@dataclass(slots=True)
class Peak:
    """The most that was seen, in megabytes."""

    program: float = 0.0
    providers: float = 0.0
    last: float = 0.0
    """What the program had when it was last seen."""

    def look(self, root: psutil.Process) -> None:
        """Take the present into account."""
        program = providers = 0.0
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                resident = process.memory_info().rss / _MEGABYTE
                if process.name().startswith(_PROVIDER):
                    providers += resident
                elif process.pid == root.pid:
                    program = resident
        self.last = program or self.last
        self.program = max(self.program, program)
        self.providers = max(self.providers, providers)


async def memory(ground: Ground) -> list[Row]:
    """Return one row for the programs, one for their providers."""
    way = ground.ways[0]
    own = scan_environment(way.environment, ground.folder / "memory")
    command = scan_command(way.directory, "--json", "--repeat", "3", "--every", "1s")
    ours = await peak(command, way.directory, own)
    stock = (str(ground.executable), *REFRESH)
    peer = await peak(stock, way.directory, way.environment)
    rows = (("the program", "program"), ("provider processes", "providers"))
    return [
        within(
            f"{ground.stack}: {what}, most seen",
            Sample((getattr(ours, name),), "MB"),
            Sample((getattr(peer, name),), "MB"),
        )
        for what, name in rows
    ]


async def peak(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Peak:
    """Run `command` to its end; return the most that it had in memory.

    Raises:
        BenchError: it did not end 0.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    seen = Peak()
    waiting = asyncio.create_task(process.wait())
    while not waiting.done():
        with contextlib.suppress(psutil.NoSuchProcess):
            seen.look(psutil.Process(process.pid))
        await asyncio.wait({waiting}, timeout=_EVERY_S)
    if process.returncode != 0:
        raise BenchError(f"{command[0]} ended {process.returncode}")
    return seen
