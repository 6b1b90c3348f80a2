"""A house whose policy isolates by a script, and short words for what its tests do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import Driver
from reconciler.domain.records import Remediation, RemediationId
from tests.fake_world import World, WorldScripts
from tests.unit.engine.house import QUARANTINE, SHOP, A, House, open_house
from tests.unit.engine.isolation import approve_waiting

BY_SCRIPT = replace(QUARANTINE, driver=Driver.SCRIPT, script="cut-off")


def cut_off(world: World, given: Mapping[str, Any]) -> int:
    """Close what drifted and open it again, as the input says."""
    for address in {ResourceAddress(finding["address"]) for finding in given["findings"]}:
        world.live[address]["open"] = given["action"] == "release"
    return 0


def scripts_of(house: House) -> WorldScripts:
    scripts = house.service.scripts
    assert isinstance(scripts, WorldScripts)
    return scripts


def shop() -> World:
    return World.in_sync(a={"size": 1, "open": True}, b={"size": 1, "open": True})


@asynccontextmanager
async def scripted_house(folder: Path, *scripts: str) -> AsyncIterator[House]:
    """Open a house in which `scripts` are allowed besides the one that isolates."""
    allowed = WorldScripts.of("cut-off", *scripts)
    async with open_house(folder, {SHOP: shop()}, scripts=allowed) as house:
        house.runner.script = cut_off
        await house.put(BY_SCRIPT)
        yield house


async def proposed(house: House) -> Remediation:
    house.world.live[A]["size"] = 9
    await house.scan()
    return await house.the_open()


async def approved(house: House, known: Remediation | None = None) -> RemediationId:
    return await approve_waiting(house, known or await proposed(house))


async def paths_of(house: House) -> list[str]:
    """Return what the only finding shows as drift."""
    (finding,) = await house.findings()
    return [change["path"] for change in finding.details["changes"]]
