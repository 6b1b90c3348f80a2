"""`python -m tests.bench [NAME...]`: ours beside the peer's, in one run on one machine.

A name is a benchmark (`warm`, `cold`, `memory`, `latency`), a stack (`small5`, `modules`,
`mixed62`, `wide200`, `wide300`), both as `warm:small5`, `pulumi` or one of its stacks (`pair`,
`nine`), or a part with limits and no peer: `store`, `guards`, `api`, `agents`, `daemon`,
`commands` (the command line), `tui`, `demo`, `trust` (objects of many makers: what was done to
them, and what was said of it), `unseen` (changes that no plan acts on), `children` (what was
added by hand beside them), `untouched` (stacks that nobody touches, scanned 200 times).
Ends 0 also where a figure is missed: it says so.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from tests.bench.cold import cold
from tests.bench.figures import Row, table
from tests.bench.ground import SIZES, Ground, ground
from tests.bench.latency import latency
from tests.bench.memory import memory
from tests.bench.pulumi import pulumi_rows
from tests.bench.pulumi_ground import SIZES as PULUMI_SIZES
from tests.bench.warm import warm

_BENCHMARKS: Final[dict[str, tuple[str, ...]]] = {
    "warm": ("small5", "modules", "mixed62", "wide200"),
    "cold": ("small5", "mixed62"),
    "memory": ("mixed62", "wide200"),
    "latency": ("wide300",),
}
_PARTS: Final = (
    "store",
    "guards",
    "api",
    "agents",
    "daemon",
    "commands",
    "tui",
    "demo",
    "trust",
    "unseen",
    "children",
    "untouched",
)
_FAILED: Final = 1


def main(names: Sequence[str]) -> int:
    """Run what was asked for (all when nothing was); return the exit code."""
    # SIGTERM unwinds as Ctrl-C does, so that no simulator is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wanted = _chosen(names)
    parts = [part for part in _PARTS if not names or part in names]
    pulumi = [
        pulumi_size
        for pulumi_size in PULUMI_SIZES
        if not names or {pulumi_size, "pulumi"} & set(names)
    ]
    if not (wanted or parts or pulumi):
        print(f"no such benchmark: {' '.join(names)}\n{__doc__}", file=sys.stderr)
        return _FAILED
    tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
    if tool is None:
        print("neither terraform nor tofu is here: there is no peer", file=sys.stderr)
        return _FAILED
    print(_machine(tool))
    for part in parts:
        print(f"\n{part}; load {os.getloadavg()[0]:.1f}", flush=True)
        # A process of its own, as its figures are of one: this one's imports are not its.
        # One that misses its limit has said so, and keeps no other from being measured.
        subprocess.run([sys.executable, "-m", f"tests.bench.{part}"], check=False)
    started = time.monotonic()
    rows = [row for stack in SIZES if stack in wanted for row in _stack(stack, wanted[stack], tool)]
    rows += [row for stack in pulumi for row in _pulumi(stack)]
    missed = sum(row.verdict == "NOT MET" for row in rows)
    held = sum(row.limit is not None for row in rows)
    print(f"{held - missed} of {held} limits met; {time.monotonic() - started:.0f} s")
    return 0


def _chosen(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the benchmarks to run, by stack."""
    pairs = [
        (stack, benchmark)
        for benchmark, stacks in _BENCHMARKS.items()
        for stack in SIZES
        if (not names and stack in stacks)
        or f"{benchmark}:{stack}" in names
        or (benchmark in names and stack in stacks)
        or (stack in names and stack in stacks)
    ]
    return {
        stack: tuple(one for other, one in pairs if other == stack)
        for stack in SIZES
        if any(other == stack for other, _ in pairs)
    }


def _stack(stack: str, benchmarks: Sequence[str], tool: Executable) -> list[Row]:
    print(f"\ndeploying {stack} ...", flush=True)
    rows: list[Row] = []
    with ground(stack, tool) as deployed:
        print(
            f"{stack}: {deployed.resources} resources, deployed in"
            f" {deployed.deployed.apply_seconds:.0f} s; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        for benchmark in benchmarks:
            some = asyncio.run(_work(benchmark, deployed))
            print("\n".join(table(benchmark, some)), flush=True)
            rows += some
    return rows


def _pulumi(stack: str) -> list[Row]:
    print(f"\ndeploying pulumi {stack} ...; load {os.getloadavg()[0]:.1f}", flush=True)
    what, rows = pulumi_rows(stack)
    print("\n".join([what, *table("beside pulumi refresh --preview-only", rows)]), flush=True)
    return rows


async def _work(benchmark: str, deployed: Ground) -> list[Row]:
    match benchmark:
        case "warm":
            return await warm(deployed)
        case "cold":
            return await cold(deployed)
        case "latency":
            return await latency(deployed)
        case _:
            return await memory(deployed)


def _machine(tool: Executable) -> str:
    return (
        f"{tool.name} {tool.version}, Python {sys.version.split()[0]}, {os.cpu_count()} CPUs,"
        f" load {os.getloadavg()[0]:.1f}; medians, least..most of the runs in brackets"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
