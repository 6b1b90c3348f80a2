"""The AWS worlds of the tests, drifting as `tests.bed` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
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


async def seen_on_aws(tool: Executable, folder: Path) -> AsyncIterator[tuple[str, list[Seen]]]:
    """Deploy each world; yield what was seen of it untouched and in each round of its drift."""
    with worlds_in(folder, hashes=True) as worlds:
        for name in _UNTOUCHED:
            seen: list[Seen] = []
            world = worlds.deployed(name, tool)
            async with scanner(world, folder / f"{name}-cache") as ours:
                seen.append(await _look(world, await ours.scan()))
                for turn in rounds(BY_STACK.get(name, ())):
                    for mutation in turn:
                        mutation.apply(world.world())
                    seen.append(await _look(world, await ours.scan(), turn))
                    for mutation in turn:
                        mutation.undo(world.world())
            yield name, seen


async def _look(world: Deployed, report: StackReport, turn: Sequence[Mutation] = ()) -> Seen:
    at = (world.directory, world.environment, world.executable)
    # Both ask the same cloud and change nothing.
    planned, moved = await asyncio.gather(
        asyncio.to_thread(plan_actions, *at), asyncio.to_thread(refreshed, *at)
    )
    return Seen([_drift(one) for one in turn], report, planned, moved)


def _drift(mutation: Mutation) -> Drift:
    return Drift(
        address=mutation.address,
        kind=mutation.kind,
        paths=mutation.paths,
        also=mutation.also,
        do=lambda: None,
    )
