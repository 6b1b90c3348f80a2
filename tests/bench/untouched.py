"""`python -m tests.bench untouched`: stacks that nobody touches, scanned again and again.

Baselines are kept and children asked for in turns, as a daemon does. Some scans in, a colleague
refreshes the state, and later applies something else. Whatever is found is false. Then scans
with all of this take turns with scans without it; processor time is compared, of ours and of
the provider plugins. `--scans 200` is the default.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psutil

from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from iac_adapters.terraform.options import TerraformOptions
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Observed, ResourceAddress, Snapshot, StackReport
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.ports import IacAdapter
from tests.bench.colleague import apply, apply_something_else
from tests.bench.figures import Row, Sample, table, within
from tests.integration.terraform.scanner import Scanner, scanner
from tests.worlds.deploy import Deployed
from tests.worlds.session import worlds_in

_STACKS: Final = ("unseen", "children", "mixed62")
_PAIRS: Final = 60
_ROUNDS: Final = 5
_WARMING: Final = 3
_AT_MOST: Final = 1.1
_SHOWN: Final = 20
_FAILED: Final = 1
_PLUGIN: Final = "terraform-provi"
"""What a process's name holds of `terraform-provider-aws`; the simulator's is another."""
_AUTO: Final = TerraformOptions(children="auto")
_NONE: Final = TerraformOptions(children="none")


@dataclass(slots=True)
class _Watch:
    """Scans of one stack, with the baselines that they keep; `false` is what they reported."""

    scans: Scanner
    baselines: dict[str, KeptBaseline] = field(default_factory=dict)
    made: int = 0
    false: list[str] = field(default_factory=list)

    async def scan(self) -> StackReport:
        """Make one, and keep what it begins."""
        yardstick = Yardstick(self.baselines, keep=True)
        scanning = replace(self.scans.scanning, yardstick=yardstick)
        report = await replace(self.scans, scanning=scanning).scan()
        self.baselines.update({kept.key: kept for kept in report.begun})
        self.made += 1
        self.false += [f"scan {self.made}: {found.address}" for found in report.findings]
        return report


@dataclass(frozen=True, slots=True)
class _Blind:
    """An adapter whose reads bear no witness: nothing is held against a baseline."""

    adapter: IacAdapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self.adapter, name)

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Pass on what the adapter sees, without its witness."""
        async for seen in self.adapter.observe(snapshot, addresses):
            yield replace(seen, witness=None)


def main() -> int:
    """Print a line for each stack and its pairs; 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench untouched", description=__doc__)
    parser.add_argument("--scans", type=int, default=200)
    parser.add_argument("--stack", action="append", choices=_STACKS)
    asked = parser.parse_args()
    tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
    if tool is None:
        return _FAILED
    return asyncio.run(_tried(tool, tuple(asked.stack or _STACKS), asked.scans))


async def _tried(tool: Executable, stacks: Collection[str], count: int) -> int:
    false: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="still-") as name,
        worlds_in(Path(name), hashes=True) as worlds,
    ):
        for stack in stacks:
            world = worlds.deployed(stack, tool)
            async with scanner(world, Path(name) / f"cache-{stack}", options=_AUTO) as scans:
                watch = _Watch(scans)
                asked = await _watched(watch, world, count)
                said = f"{watch.made} scans, {len(watch.false)} false"
                print(f"{stack}: {said}; {asked} of its children had a turn", flush=True)
                print(*watch.false[:_SHOWN], sep="\n", flush=True)
                row = await _paired(watch, world, Path(name) / f"without-{stack}")
            print("\n".join(table("paired", [row])), flush=True)
            false += watch.false
    return _FAILED if false else 0


async def _watched(watch: _Watch, world: Deployed, count: int) -> str:
    """Scan `count` times; return how many of the children had their turn."""
    report = await watch.scan()
    for number in range(2, count + 1):
        report = await watch.scan()
        if number == count // 3:
            apply(world, "-refresh-only")
        if number == 2 * count // 3:
            apply_something_else(world)
    left = sum(1 for _, unseen in report.unseen if not unseen.asked)
    return f"all but {left}" if left else "all"


async def _paired(watch: _Watch, world: Deployed, cache: Path) -> Row:
    """Compare scans with scans that hold nothing against a baseline and ask for no children."""
    async with scanner(world, cache, options=_NONE) as plain:
        without: Any = _Blind(plain.scanning.adapter)
        blind = replace(plain, scanning=replace(plain.scanning, adapter=without))
        for _ in range(_WARMING):
            await blind.scan()
        ours, theirs = [0.0] * _ROUNDS, [0.0] * _ROUNDS
        for pair in range(_PAIRS):
            # The kernel counts a plugin's time in hundredths: a round is long enough for that.
            theirs[pair % _ROUNDS] += await _processor_time(blind.scan())
            ours[pair % _ROUNDS] += await _processor_time(watch.scan())
    return within(
        f"{world.stack}: processor time of {_PAIRS // _ROUNDS} scans, with and without",
        Sample(tuple(ours)), Sample(tuple(theirs)), at_most=_AT_MOST,
    )  # fmt: skip


async def _processor_time(scan: Any) -> float:
    before = _spent()
    await scan
    return _spent() - before


def _spent() -> float:
    """Return the processor seconds of this process and of the plugins that it started."""
    own = psutil.Process()
    started = own.children(recursive=True)
    plugins = [one for one in started if one.name().startswith(_PLUGIN)]
    times = [one.cpu_times() for one in (own, *plugins)]
    return sum(spent.user + spent.system for spent in times)


if __name__ == "__main__":
    raise SystemExit(main())
