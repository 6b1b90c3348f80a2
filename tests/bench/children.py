"""`python -m tests.bench children`: children added by hand, by how they are asked for.

The stack `children` of the tests on the simulator: untouched, with every child added, and with
all of them taken away again. The stock tool's plans stand beside ours, asked the same moment.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.children import aws
from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from iac_adapters.terraform.options import TerraformOptions
from reconciler.domain.model import Kind, StackReport
from tests.bed.trial import refreshed
from tests.bench.figures import columns
from tests.integration.terraform.scanner import scanner
from tests.worlds.children import INJECTIONS, Injection
from tests.worlds.deploy import Deployed
from tests.worlds.oracle import plan_actions
from tests.worlds.session import worlds_in

_FAILED: Final = 1
_ALL: Final = TerraformOptions(children="all")
_HEAD: Final = (
    "asked through", "injected", "dangerous", "found", "lost",
    "plan: found", "-refresh-only: found",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What one way of asking came to."""

    injected: int = 0
    dangerous: int = 0
    found: int = 0
    planned: int = 0
    refreshed: int = 0

    def cells(self, name: str) -> tuple[str, ...]:
        """Return its line of the table."""
        lost = self.injected - self.found
        counts = (self.injected, self.dangerous, self.found, lost, self.planned, self.refreshed)
        return (name, *map(str, counts))


@dataclass(slots=True)
class Figures:
    """What a run came to: by way of asking, what was false, and what a scan took."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    false: list[str] = field(default_factory=list)
    calm: frozenset[str] = frozenset()
    """What `plan -refresh-only` lists on the untouched stack."""
    took_ms: Counter[str] = field(default_factory=Counter)


def children_rows() -> int:
    """Print the table; return the exit code, which is not 0 where a child is lost or false."""
    tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
    if tool is None:
        print("neither terraform nor tofu is here", file=sys.stderr)
        return _FAILED
    with tempfile.TemporaryDirectory(prefix="trueup-children-") as folder:
        figures = asyncio.run(_figures(tool, Path(folder)))
    rows = [tally.cells(name) for name, tally in sorted(figures.tallies.items())]
    print("\n".join(columns([_HEAD, *rows])))
    print(f"false on the untouched stack, and once all were gone: {figures.false or 'none'}")
    print(
        f"a warm scan that asks for nothing {figures.took_ms['none']} ms,"
        f" for everything {figures.took_ms['all']} ms"
    )
    lost = any(tally.found < tally.injected for tally in figures.tallies.values())
    return _FAILED if lost or figures.false else 0


async def _figures(tool: Executable, folder: Path) -> Figures:
    figures = Figures()
    with worlds_in(folder, hashes=True) as worlds:
        deployed = worlds.deployed("children", tool)
        off = TerraformOptions(children="none")
        async with scanner(deployed, folder / "off", options=off) as ours:
            await ours.scan()
            figures.took_ms["none"] = await _timed(ours.scan)
        async with scanner(deployed, folder / "on", options=_ALL) as ours:
            figures.false += _added(await ours.scan())
            figures.calm = await _refreshed(deployed)
            figures.took_ms["all"] = await _timed(ours.scan)
            for injection in INJECTIONS:
                injection.apply(deployed.world())
            await _count(figures, deployed, await ours.scan())
            for injection in INJECTIONS:
                injection.remove(deployed.world())
            figures.false += _added(await ours.scan())
    return figures


async def _timed(scan: Callable[[], Awaitable[StackReport]]) -> int:
    started = time.perf_counter()
    await scan()
    return round((time.perf_counter() - started) * 1000)


async def _count(figures: Figures, deployed: Deployed, report: StackReport) -> None:
    at = (deployed.directory, deployed.environment, deployed.executable)
    planned = await asyncio.to_thread(plan_actions, *at)
    # It lists parents on the untouched stack as well; what it listed then says nothing now.
    moved = await _refreshed(deployed) - figures.calm
    found = set(_added(report))
    for injection in INJECTIONS:
        tally = figures.tallies.setdefault(_way(injection), Tally())
        tally.injected += 1
        tally.dangerous += injection.severity in ("high", "critical")
        own = {address for address in found if injection.is_at(address)}
        tally.found += bool(own)
        found -= own
        tally.planned += injection.parent in planned
        tally.refreshed += injection.parent in moved
    figures.false += sorted(found)


async def _refreshed(deployed: Deployed) -> frozenset[str]:
    at = (deployed.directory, deployed.environment, deployed.executable)
    return frozenset(await asyncio.to_thread(refreshed, *at))


def _added(report: StackReport) -> list[str]:
    return [str(one.address) for one in report.findings if one.kind is Kind.ADDED]


def _way(injection: Injection) -> str:
    (rule,) = (
        rule
        for rule in aws.RULES
        if (rule.parent, rule.child) == (injection.parent.partition(".")[0], injection.child)
    )
    if rule.listing is None:
        return "import and read"
    return "list-like data source" if rule.listing.arguments is not None else "exclusive resource"


if __name__ == "__main__":
    sys.exit(children_rows())
