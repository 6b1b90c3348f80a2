"""`python -m tests.bench unseen`: changes that no plan acts on, beside what the plans say of them.

The stacks `unseen` and `unseen68` on a simulated cloud: untouched, right after the apply and
after a refresh; then every injection of `tests.worlds.unseen`, or the 150 of `unseen_wide`, at
once; then after an apply of something else. `pulumi` is the wide one as a Pulumi stack
(`unseen_pulumi`). Name a stack to try that one alone.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from iac_adapters.terraform.options import TerraformOptions
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import StackReport
from reconciler.domain.undeclared_scan import Yardstick
from tests.bench.colleague import apply, apply_something_else
from tests.bench.figures import columns
from tests.integration.terraform.scanner import Scanner, scanner
from tests.worlds import unseen_wide
from tests.worlds.deploy import Deployed
from tests.worlds.oracle import plan_document
from tests.worlds.session import worlds_in
from tests.worlds.unseen import ALSO_MOVED, INJECTIONS, Injection, inject

_PLANS: Final = "terraform plan", "-refresh-only"
_ALL: Final = TerraformOptions(children="all")
_FAILED: Final = 1
_ADDED: Final = "+"
"""Before the type of a child that nobody declared."""
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """What each says of the stack at one moment: places that it names."""

    ours: frozenset[Place]
    kept: frozenset[Place]
    planned: frozenset[Place]
    refreshed: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Bed:
    """A stack and what is done behind its back; `also` are places that move with that."""

    stack: str
    injections: Sequence[Injection]
    also: Collection[Place] = ()
    plans: tuple[str, str] = _PLANS
    """What the two plans are called that stand beside ours."""
    after: str = "after another apply"


_SMALL: Final = Bed("unseen", INJECTIONS, ALSO_MOVED)
_WIDE: Final = Bed("unseen68", unseen_wide.INJECTIONS)


def main() -> int:
    """Try every tool that is here on each bed, and Pulumi on its own; print a table each.

    Ends with 1 where something is wrong.
    """
    tools = [tool for name in (TERRAFORM, TOFU) if (tool := locate(name, os.environ))]
    trials = [(bed, tool) for bed in (_SMALL, _WIDE) for tool in tools]
    chosen = sys.argv[1:]
    wanted = [trial for trial in trials if trial[0].stack in chosen or not chosen]
    codes = [asyncio.run(_tried(bed, tool)) for bed, tool in wanted]
    if not chosen or "pulumi" in chosen:
        from tests.bench.unseen_pulumi import pulumi_tried  # noqa: PLC0415 - it needs this table

        codes.append(asyncio.run(pulumi_tried()))
    return max(codes, default=_FAILED)


async def _tried(bed: Bed, tool: Executable) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="unseen-") as folder,
        worlds_in(Path(folder), hashes=True) as worlds,
    ):
        world = worlds.deployed(bed.stack, tool)
        async with scanner(world, Path(folder) / "cache", options=_ALL) as scans:
            begun = (await held(scans, {}).scan()).begun
            baselines = {kept.key: kept for kept in begun}
            fresh = await _turn(scans, baselines, world)
            apply(world, "-refresh-only")
            refreshed = await _turn(scans, baselines, world)
            inject(world.world(), bed.injections)
            after = await _turn(scans, baselines, world)
            apply_something_else(world)
            swallowed = await _turn(scans, baselines, world)
    return told(bed, f"{tool.name} {tool.version}", fresh, refreshed, after, swallowed)


def told(bed: Bed, tool: str, *turns: Turn) -> int:
    """Print what was found in each turn; return 1 where one is false or a visible one lost."""
    fresh, refreshed, after, _ = turns
    print("\n".join(_table(bed, tool, *turns)), flush=True)
    wanted = {one for one in bed.injections if one.reach in ("plan", "read", "computed")}
    lost = [one.name for one in wanted if not _names(after.ours, one)]
    return _FAILED if lost or fresh.ours or fresh.kept or refreshed.kept else 0


async def _turn(scans: Scanner, baselines: dict[str, KeptBaseline], world: Deployed) -> Turn:
    ours = places_in(await scans.scan())
    kept = places_in(await held(scans, baselines).scan())
    where = world.directory, world.environment, world.executable
    plan = plan_document(*where)
    refresh = plan_document(*where, ("-refresh-only",))
    return Turn(
        ours,
        kept,
        frozenset(_changed(plan["resource_changes"])),
        frozenset(_changed(refresh.get("resource_drift", ()))),
    )


def held(scans: Scanner, baselines: dict[str, KeptBaseline]) -> Scanner:
    yardstick = Yardstick(baselines, keep=True)
    return replace(scans, scanning=replace(scans.scanning, yardstick=yardstick))


def places_in(report: StackReport) -> frozenset[Place]:
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
    if one.child:
        return (one.address, f"{_ADDED}{one.child}") in places
    return any(address == one.address and name.startswith(_ADDED) for address, name in places)


def _table(bed: Bed, tool: str, *turns: Turn) -> Iterator[str]:
    fresh, refreshed, after, swallowed = turns
    yield f"{tool}, {len(bed.injections)} changes behind {bed.stack}"
    plan, refresh = bed.plans
    head = ("seen by", "injected", "dangerous", "found", bed.after, plan, "after", refresh, "after")
    yield from columns((head, *_lines(bed, after, swallowed)))
    for name, turn in (("right after the apply", fresh), ("after a refresh", refreshed)):
        yield (
            f"false {name}: {len(turn.ours)} without a daemon, {len(turn.kept)} with one,"
            f" {plan} {len(turn.planned)}, {refresh} {len(turn.refreshed)}"
        )
    yield from _wrong(bed, after, swallowed)


def _wrong(bed: Bed, after: Turn, swallowed: Turn) -> Iterator[str]:
    """Yield what was found beside the changes, and the changes that were not found."""
    injected = {_place(one) for one in bed.injections} | set(bed.also)
    whole = {one.address for one in bed.injections if not one.path and not one.child}
    false = sorted(place for place in after.kept - injected if place[0] not in whole)
    yield f"false beside the changes: {len(false)}"
    yield from (f"  {address} {name}" for address, name in false)
    lost = [one.name for one in bed.injections if not _names(after.kept, one)]
    yield f"not found: {len(lost)}"
    yield from (f"  {name}" for name in lost)
    gone = [
        one.name
        for one in bed.injections
        if one.reach != "plan" and _names(after.kept, one) and not _names(swallowed.kept, one)
    ]
    yield from (f"  not any more after another apply: {name}" for name in gone)


def _place(one: Injection) -> Place:
    return one.address, one.path or f"{_ADDED}{one.child}"


def _lines(bed: Bed, after: Turn, swallowed: Turn) -> Iterator[tuple[str, ...]]:
    for reach in dict.fromkeys(one.reach for one in bed.injections):
        some = [one for one in bed.injections if one.reach == reach]
        risky = [one for one in some if one.dangerous]
        answers: Sequence[Collection[Place]] = (
            *(after.kept, swallowed.kept, after.planned, swallowed.planned),
            *(after.refreshed, swallowed.refreshed),
        )
        found = (f"{_count(places, some)} ({_count(places, risky)})" for places in answers)
        yield reach, str(len(some)), str(len(risky)), *found


def _count(places: Collection[Place], some: Sequence[Injection]) -> int:
    return sum(_names(places, one) for one in some)


if __name__ == "__main__":
    raise SystemExit(main())
