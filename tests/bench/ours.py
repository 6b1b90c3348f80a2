"""trueup at work: warm in this process, or cold in a new one."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.domain.model import InSync, Noise, NotApplicable, ResourceAddress, StackName
from reconciler.ports import AdapterSetup, IacAdapter, StackReference

_QUIET: Final = (InSync, Noise, NotApplicable)


class BenchError(Exception):
    """What was measured did not do its work, so its time means nothing."""


@dataclass(slots=True)
class WarmStack:
    """A stack held warm by an adapter of its own; `reads_s` are the last scan's, by address."""

    adapter: IacAdapter
    reference: StackReference
    reads_s: dict[ResourceAddress, float] = field(default_factory=dict)

    async def check(self, *, without: Collection[ResourceAddress] = ()) -> float:
        """Make one pass over all but `without`; return its seconds.

        Raises:
            BenchError: something was not found in sync, though nobody touched it.
        """
        started = time.perf_counter()
        snapshot = await self.adapter.load(self.reference)
        chosen = [
            resource.address for resource in snapshot.resources if resource.address not in without
        ]
        seen = [observed async for observed in self.adapter.observe(snapshot, chosen)]
        seconds = time.perf_counter() - started
        wrong = [str(one.address) for one in seen if not isinstance(one.verdict, _QUIET)]
        if wrong:
            raise BenchError(f"not in sync, though untouched: {', '.join(wrong[:5])}")
        self.reads_s = {one.address: one.read_ms / 1000 for one in seen}
        return seconds


@asynccontextmanager
async def warm_stack(
    directory: Path, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[WarmStack]:
    """Hold a stack warm: two passes are made, so that the next one is a re-check."""
    adapter = TerraformAdapter(
        AdapterSetup(
            data_dir=folder / "data", cache_dir=folder / "cache", key=secrets.token_bytes(32)
        )
    )
    reference = StackReference(
        name=StackName(directory.name),
        directory=directory,
        tool="terraform",
        environment=environment,
    )
    stack = WarmStack(adapter, reference)
    try:
        await stack.check()
        await stack.check()
        yield stack
    finally:
        await adapter.close()


def scan_command(directory: Path, *options: str) -> tuple[str, ...]:
    """Return the command line of a scan by the installed program."""
    return (str(Path(sys.executable).with_name("trueup")), "scan", str(directory), *options)


def scan_environment(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the tool's environment with trueup's own folders below `folder`."""
    own = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "DATA", "STATE")}
    return {**environment, **own}


async def scan_once(
    directory: Path, environment: Mapping[str, str], options: Sequence[str] = ()
) -> float:
    """Run a scan in a new process; return its seconds.

    Raises:
        BenchError: it did not end 0.
    """
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *scan_command(directory, *options),
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise BenchError(f"trueup scan ended {process.returncode}:\n{printed.decode()[-2000:]}")
    return seconds
