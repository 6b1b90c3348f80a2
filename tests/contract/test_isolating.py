"""What every driver of a quarantine promises: exactly the edges leave, and come back."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.edges import Edge
from reconciler.domain.model import Origin, ResourceAddress
from reconciler.domain.plan import Action, Plan
from reconciler.engine.folders import make_private
from reconciler.ports import Done, Isolating
from tests.integration.correcting import Corrector
from tests.integration.pulumi import correcting as of_pulumi
from tests.integration.terraform import correcting as of_terraform
from tests.pulumi_world import PulumiStack, thing
from tests.pulumi_world import initialised as pulumi_initialised
from tests.world_stack import WorldStack, copied, initialised

CODE = """
resource "world_thing" "vm" { name = "vm" }
resource "world_thing" "edge" {
  name       = "edge"
  secret     = "CANARY-edge"
  depends_on = [world_thing.vm]
}
output "edge" { value = world_thing.edge.id }
"""


@dataclass(frozen=True)
class World:
    """A stack with an edge that depends on a vm, how it is worked on, and what there is."""

    corrector: Corrector
    stack: WorldStack | PulumiStack
    vm: ResourceAddress
    edge: ResourceAddress
    names: Callable[[], set[str]]

    @property
    def driver(self) -> Isolating:
        assert isinstance(self.corrector.adapter, Isolating)
        return self.corrector.adapter

    async def planned(self, which: str, *edges: ResourceAddress, folder_name: str = "") -> Plan:
        snapshot = await self.corrector.adapter.load(self.corrector.reference)
        folder = self.corrector.run_folder(folder_name or which)
        make_private(folder)
        plans = {"detach": self.driver.plan_detaching, "attach": self.driver.plan_attaching}
        return await plans[which](snapshot, edges, folder=folder)

    async def apply(self, which: str) -> None:
        snapshot = await self.corrector.adapter.load(self.corrector.reference)
        assert isinstance(await self.corrector.apply(snapshot, which), Done)

    async def found(self) -> dict[str, Origin | None]:
        return {one.address: one.origin for one in (await self.corrector.scan()).findings}


@asynccontextmanager
async def of_tool(request: pytest.FixtureRequest, tool: str) -> AsyncIterator[World]:
    folder: Path = request.getfixturevalue("tmp_path")
    executable = request.getfixturevalue(tool)
    template = initialised(executable, folder / "template")
    stack = copied(template, folder / "own", executable)
    stack.apply(CODE)

    def names() -> set[str]:
        with stack.changed() as there:
            return set(there)

    vm, edge = (ResourceAddress(f"world_thing.{name}") for name in ("vm", "edge"))
    async with of_terraform.corrector(stack) as made:
        yield World(made, stack, vm, edge, names)


def of_terraform_itself(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[World]:
    return of_tool(request, "terraform")


def of_tofu(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[World]:
    return of_tool(request, "tofu")


@asynccontextmanager
async def of_pulumi_itself(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    folder: Path = request.getfixturevalue("tmp_path")
    things: list[dict[str, Any]] = [thing("vm"), thing("edge", after=["vm"])]
    stack = pulumi_initialised(folder, request.getfixturevalue("pulumi"), things)
    async with of_pulumi.corrector(stack) as made:
        yield World(made, stack, stack.urn("vm"), stack.urn("edge"), lambda: set(stack.things()))


WORLDS = {"terraform": of_terraform_itself, "tofu": of_tofu, "pulumi": of_pulumi_itself}


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with WORLDS[request.param](request) as made:
        yield made


async def test_exactly_the_edge_leaves_and_comes_back(world: World) -> None:
    with world.stack.changed() as there:
        there["vm"]["place" if isinstance(world.stack, WorldStack) else "value"] = "hacked"
    drift = await world.found()
    assert set(drift) == {world.vm}
    snapshot = await world.corrector.adapter.load(world.corrector.reference)
    (edge,) = await world.driver.edges(snapshot, [world.vm], named=["*edge"])
    assert edge == Edge(world.edge, edge.type, world.vm)

    plan = await world.planned("detach", world.edge)
    assert [(one.address, one.action) for one in plan.resources] == [(world.edge, Action.DELETE)]
    assert world.names() == {"vm", "edge"}
    assert "CANARY" not in repr(plan)
    await world.apply("detach")
    assert world.names() == {"vm"}
    assert await world.found() == {**drift, world.edge: Origin.UNAPPLIED}

    back = await world.planned("attach", world.edge)
    assert [(one.address, one.action) for one in back.resources] == [(world.edge, Action.CREATE)]
    await world.apply("attach")
    assert world.names() == {"vm", "edge"}
    assert await world.found() == drift
    never = ResourceAddress("world_thing.never")
    assert (await world.planned("attach", never, folder_name="nothing")).empty
    await _an_edge_that_is_recorded_and_gone(world)


async def _an_edge_that_is_recorded_and_gone(world: World) -> None:
    """It is no release that does nothing: the plan creates it, at least once it is forgotten."""
    with world.stack.changed() as there:
        del there["edge"]
    assert world.edge in await world.found()
    lost = await world.planned("attach", world.edge, folder_name="lost")
    if lost.empty:
        snapshot = await world.corrector.adapter.load(world.corrector.reference)
        _, *words = shlex.split(world.driver.forgetting(snapshot, world.edge))
        world.stack.run(*words)
        lost = await world.planned("attach", world.edge, folder_name="forgotten")
    assert [(one.address, one.action) for one in lost.resources] == [(world.edge, Action.CREATE)]
