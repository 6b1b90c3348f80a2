"""`python -m tests.bench unseen`: changes that no plan acts on, beside what the plans say of them.

The stack `unseen` on a simulated cloud: untouched, right after its apply and after a refresh;
then every injection of `tests.worlds.unseen` at once; then after an apply of something else.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import StackReport
from reconciler.domain.undeclared_scan import Yardstick
from tests.bench.figures import columns
from tests.integration.terraform.scanner import Scanner, scanner
from tests.simulator import run_tool
from tests.worlds.deploy import Deployed
from tests.worlds.oracle import plan_document
from tests.worlds.session import worlds_in
from tests.worlds.unseen import ALSO_MOVED, INJECTIONS, Injection, inject

_HEAD: Final = (
    "seen by", "injected", "dangerous", "found", "after another apply",
    "terraform plan", "after", "-refresh-only", "after",
)  # fmt: skip
_FAILED: Final = 1
_ADDED: Final = "+"
"""Before the type of a child that nobody declared."""
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What each says of the stack at one moment: places that it names."""

    ours: frozenset[Place]
    kept: frozenset[Place]
    planned: frozenset[Place]
    refreshed: frozenset[Place]


def main() -> int:
    """Try both tools that are here; print a table each. Ends with 1 where something is wrong."""
    tools = [tool for name in (TERRAFORM, TOFU) if (tool := locate(name, os.environ))]
    return max((asyncio.run(_tried(tool)) for tool in tools), default=_FAILED)


async def _tried(tool: Executable) -> int:
    with tempfile.TemporaryDirectory(prefix="unseen-") as folder, worlds_in(Path(folder)) as worlds:
        world = worlds.deployed("unseen", tool)
        async with scanner(world, Path(folder) / "cache") as scans:
            begun = (await _held(scans, {}).scan()).begun
            baselines = {kept.key: kept for kept in begun}
            fresh = await _turn(scans, baselines, world)
            _apply(world, "-refresh-only")
            refreshed = await _turn(scans, baselines, world)
            inject(world.world())
            after = await _turn(scans, baselines, world)
            _describe(world)
            _apply(world)
            swallowed = await _turn(scans, baselines, world)
    print("\n".join(_table(tool, fresh, refreshed, after, swallowed)))
    wanted = {one for one in INJECTIONS if one.reach in ("plan", "read", "computed")}
    lost = [one.name for one in wanted if not _names(after.ours, one)]
    return _FAILED if lost or fresh.ours or fresh.kept or refreshed.kept else 0


async def _turn(scans: Scanner, baselines: dict[str, KeptBaseline], world: Deployed) -> _Turn:
    ours = _places(await scans.scan())
    kept = _places(await _held(scans, baselines).scan())
    where = world.directory, world.environment, world.executable
    plan = plan_document(*where)
    refresh = plan_document(*where, ("-refresh-only",))
    return _Turn(
        ours,
        kept,
        frozenset(_changed(plan["resource_changes"])),
        frozenset(_changed(refresh.get("resource_drift", ()))),
    )


def _held(scans: Scanner, baselines: dict[str, KeptBaseline]) -> Scanner:
    yardstick = Yardstick(baselines, keep=True)
    return replace(scans, scanning=replace(scans.scanning, yardstick=yardstick))


def _places(report: StackReport) -> frozenset[Place]:
    changed = (
        (str(finding.address), re.split(r"[.\[]", change.path)[0])
        for finding in report.findings
        if finding.parent is None
        for change in finding.changes
    )
    added = ((str(one.parent), f"{_ADDED}{one.type}") for one in report.findings if one.parent)
    return frozenset((*changed, *added))


def _changed(entries: Collection[dict[str, object]]) -> Iterator[Place]:
    for entry in entries:
        change = entry["change"]
        assert isinstance(change, dict)
        before, after = change["before"] or {}, change["after"] or {}
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name) and change["actions"] != ["no-op"]:
                yield str(entry["address"]), name


def _names(places: Collection[Place], one: Injection) -> bool:
    if one.path:
        return (one.address, one.path) in places
    return any(address == one.address and name.startswith(_ADDED) for address, name in places)


def _table(tool: Executable, *turns: _Turn) -> Iterator[str]:
    fresh, refreshed, after, swallowed = turns
    yield f"{tool.name} {tool.version}, {len(INJECTIONS)} changes on 12 resources"
    yield from columns((_HEAD, *_lines(after, swallowed)))
    for name, turn in (("right after the apply", fresh), ("after a refresh", refreshed)):
        yield (
            f"false {name}: {len(turn.ours)} without a daemon, {len(turn.kept)} with one,"
            f" terraform plan {len(turn.planned)}, -refresh-only {len(turn.refreshed)}"
        )
    injected = {(one.address, one.path) for one in INJECTIONS} | ALSO_MOVED
    whole = {one.address for one in INJECTIONS if not one.path}
    false = [place for place in after.ours - injected if place[0] not in whole]
    yield f"false beside the changes: {len(false)}"


def _lines(after: _Turn, swallowed: _Turn) -> Iterator[tuple[str, ...]]:
    for reach in dict.fromkeys(one.reach for one in INJECTIONS):
        some = [one for one in INJECTIONS if one.reach == reach]
        answers: Sequence[Collection[Place]] = (
            *(after.kept, swallowed.kept, after.planned, swallowed.planned),
            *(after.refreshed, swallowed.refreshed),
        )
        found = (str(sum(_names(places, one) for one in some)) for places in answers)
        yield reach, str(len(some)), str(sum(one.dangerous for one in some)), *found


def _describe(world: Deployed) -> None:
    file = world.directory / "main.tf"
    file.write_text(file.read_text().replace('"lake"\n}', '"lake"\n  description = "by code"\n}'))


def _apply(world: Deployed, *more: str) -> None:
    arguments = ("apply", *more, "-auto-approve", "-input=false", "-no-color")
    run_tool(world.executable, world.directory, *arguments, environment=world.environment)


if __name__ == "__main__":
    raise SystemExit(main())
