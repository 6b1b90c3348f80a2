"""The AWS worlds of the tests, drifting as `tests.bed` does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import StackReport
from tests.bed.drift import Drift
from tests.bed.trial import Seen, refreshed
from tests.integration.terraform.scanner import scanner
from tests.worlds.deploy import Deployed
from tests.worlds.mutations import BY_STACK, Mutation, rounds
from tests.worlds.oracle import plan_actions
from tests.worlds.session import worlds_in

_STACKS: Final = ("mixed62", "demo", "modules", "small5")
_UNTOUCHED: Final = (*_STACKS, "wide200")


async def seen_on_aws(tool: Executable, folder: Path) -> list[Seen]:
    """Deploy each world, look at it untouched and in each round of its drift."""
    seen: list[Seen] = []
    with worlds_in(folder, hashes=True) as worlds:
        for name in _UNTOUCHED:
            world = worlds.deployed(name, tool)
            async with scanner(world, folder / f"{name}-cache") as ours:
                seen.append(await _look(world, await ours.scan()))
                for turn in rounds(BY_STACK.get(name, ())):
                    for mutation in turn:
                        mutation.apply(world.world())
                    seen.append(await _look(world, await ours.scan(), turn))
                    for mutation in turn:
                        mutation.undo(world.world())
    return seen


async def _look(world: Deployed, report: StackReport, turn: Sequence[Mutation] = ()) -> Seen:
    at = (world.directory, world.environment, world.executable)
    planned = await asyncio.to_thread(plan_actions, *at)
    moved = await asyncio.to_thread(refreshed, *at)
    return Seen([_drift(one) for one in turn], report, planned, moved)


def _drift(mutation: Mutation) -> Drift:
    return Drift(
        address=mutation.address,
        kind=mutation.kind,
        paths=mutation.paths,
        also=mutation.also,
        do=lambda: None,
    )
