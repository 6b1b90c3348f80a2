"""What every adapter promises. A new one joins by a `World` in `WORLDS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.pulumi import provider as of_pulumi
from iac_adapters.pulumi.adapter import PulumiAdapter
from iac_adapters.terraform import provider as of_terraform
from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.domain.model import (
    InSync,
    Missing,
    Observed,
    ResourceAddress,
    Snapshot,
    StackName,
    Unreadable,
    Verdict,
)
from reconciler.domain.plan import Action
from reconciler.ports import AdapterSetup, IacAdapter, InDoubt, StackReference, Vanished
from reconciler.registry import InstalledTools
from tests import pulumi_world as things
from tests.contract.conftest import three_things
from tests.fakes import FakeAdapter, recorded
from tests.strangers.installed import register
from tests.world_stack import KEY

STRANGER = "tests.strangers.json_world.factory:WorldFactory"


@dataclass(frozen=True, slots=True)
class World:
    """A stack with one resource in sync, one deleted by hand, one whose read is denied."""

    adapter: IacAdapter
    reference: StackReference
    in_sync: ResourceAddress
    gone: ResourceAddress
    denied: ResourceAddress
    reads_so_far: Callable[[], int]


def fake_world(request: pytest.FixtureRequest) -> World:
    folder: Path = request.getfixturevalue("tmp_path")
    names = [ResourceAddress(f"aws_sqs_queue.{name}") for name in ("kept", "gone", "denied")]
    kept, gone, denied = names
    adapter = FakeAdapter(
        resources=tuple(recorded(name) for name in names),
        verdicts={gone: Missing(), denied: Unreadable("AccessDenied")},
    )
    reference = StackReference(StackName("world"), folder, "terraform")
    return World(adapter, reference, kept, gone, denied, lambda: len(adapter.live_reads))


def stranger_world(request: pytest.FixtureRequest) -> World:
    """Give a tool's own world, opened as a stranger's adapter is: through its entry point."""
    folder: Path = request.getfixturevalue("tmp_path")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    monkeypatch.syspath_prepend(register(folder / "site", tool="world", value=STRANGER))
    stack = folder / "stack"
    stack.mkdir()
    things = {name: {"size": 1} for name in ("kept", "gone", "denied")}
    (stack / "world.json").write_text(json.dumps({"things": things}))
    live = {"kept": {"size": 1}, "denied": None}
    (stack / "cloud.json").write_text(json.dumps({"things": live}))
    kept, gone, denied = (ResourceAddress(f"thing.{name}") for name in things)
    tools = InstalledTools()
    adapter = tools.open(tools.detect(stack), AdapterSetup(folder, folder, KEY))
    reads: list[object] = []
    really: Any = type(adapter).read  # type: ignore[attr-defined]

    def read(*which: object) -> Any:
        reads.append(which)
        return really(*which)

    monkeypatch.setattr(type(adapter), "read", read)
    reference = StackReference(StackName("world"), stack, "world")
    return World(adapter, reference, kept, gone, denied, lambda: len(reads))


def terraform_world(request: pytest.FixtureRequest) -> World:
    return real_world(request, "terraform")


def tofu_world(request: pytest.FixtureRequest) -> World:
    return real_world(request, "tofu")


def real_world(request: pytest.FixtureRequest, tool: str) -> World:
    stack = three_things(
        request.getfixturevalue("applied"),
        request.getfixturevalue(tool),
        request.getfixturevalue("tmp_path_factory"),
        request.getfixturevalue("tmp_path"),
    )
    with stack.changed() as there:
        del there["gone"]
    stack.turn(denied="deny")
    kept, gone, denied = (
        ResourceAddress(f'world_thing.each["{name}"]') for name in ("kept", "gone", "denied")
    )
    reads = counted_reads(request, of_terraform.Provider)
    adapter = TerraformAdapter(AdapterSetup(data_dir=stack.cache, cache_dir=stack.cache, key=KEY))
    return World(adapter, stack.reference(), kept, gone, denied, lambda: len(reads))


def pulumi_world(request: pytest.FixtureRequest) -> World:
    folder: Path = request.getfixturevalue("tmp_path") / "own"
    folder.mkdir()
    stack = things.copied(request.getfixturevalue("three_by_pulumi"), folder)
    stack.turn(denied="deny")
    with stack.changed() as there:
        del there["gone"]
    kept, gone, denied = (stack.urn(name) for name in ("kept", "gone", "denied"))
    reads = counted_reads(request, of_pulumi.Provider)
    adapter = PulumiAdapter(AdapterSetup(data_dir=stack.cache, cache_dir=stack.cache, key=KEY))
    return World(adapter, stack.reference(), kept, gone, denied, lambda: len(reads))


def counted_reads(
    request: pytest.FixtureRequest, provider: type[of_terraform.Provider | of_pulumi.Provider]
) -> list[object]:
    """Return a list that grows by one with each object that is read through a provider."""
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    reads: list[object] = []
    really: Any = provider.read

    async def read(self: Any, which: object, *rest: Any, **more: Any) -> Any:
        reads.append(which)
        return await really(self, which, *rest, **more)

    monkeypatch.setattr(provider, "read", read)
    return reads


WORLDS = {
    "fake": fake_world,
    "stranger": stranger_world,
    "terraform": terraform_world,
    "tofu": tofu_world,
    "pulumi": pulumi_world,
}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> World:
    return WORLDS[request.param](request)


async def seen_by(
    world: World, addresses: tuple[ResourceAddress, ...] | None = None
) -> list[Observed]:
    snapshot = await world.adapter.load(world.reference)
    return [seen async for seen in world.adapter.observe(snapshot, addresses)]


async def verdicts(world: World) -> dict[ResourceAddress, Verdict]:
    return {seen.address: seen.verdict for seen in await seen_by(world)}


async def test_what_is_loaded_declared_and_seen(world: World) -> None:
    """One world answers all of it: to evaluate a program is what takes long."""
    snapshot = await world.adapter.load(world.reference)
    addresses = [resource.address for resource in snapshot.resources]
    assert {world.in_sync, world.gone} <= set(addresses)
    await declared_is_told_the_same_each_time(world, snapshot)
    assert world.reads_so_far() == 0

    assert [seen.address for seen in await seen_by(world, (world.in_sync,))] == [world.in_sync]
    assert world.reads_so_far() == 1
    assert [seen.address for seen in await seen_by(world, (world.gone,))] == [world.gone]

    told = await seen_by(world)
    assert sorted(seen.address for seen in told) == sorted(addresses)
    first = {seen.address: seen.verdict for seen in told}
    assert isinstance(first[world.denied], Unreadable)
    assert isinstance(first[world.gone], Missing)
    assert isinstance(first[world.in_sync], InSync)
    assert first == await verdicts(world)

    for line in (b"", b"{", b"[]", b"null", b"\xff\x00", b'{"type": "version"}', b'{"hook": 1}'):
        assert world.adapter.progress(line) is None
    await world.adapter.close()
    await world.adapter.close()


async def declared_is_told_the_same_each_time(world: World, snapshot: Snapshot) -> None:
    told = await world.adapter.declarations(snapshot)
    addresses = [one.address for one in told]
    assert len(set(addresses)) == len(addresses)
    assert {world.in_sync, world.gone, world.denied} <= set(addresses)
    assert set(addresses) <= {resource.address for resource in snapshot.resources}
    assert told == await world.adapter.declarations(snapshot)
    assert json.loads(json.dumps([one.definition for one in told]))


def private(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir(mode=0o700)
    return made


async def test_a_plan_is_for_exactly_what_was_asked_and_changes_nothing(
    world: World, tmp_path: Path
) -> None:
    before = await verdicts(world)
    snapshot = await world.adapter.load(world.reference)
    folder = private(tmp_path, "1")
    plan = await world.adapter.plan(snapshot, [world.gone], folder=folder)
    assert plan.stack == snapshot.stack
    assert plan.targets == (world.gone,)
    assert [(resource.address, resource.action) for resource in plan.resources] == [
        (world.gone, Action.CREATE)
    ]
    assert any(folder.iterdir())

    second = await world.adapter.plan(snapshot, [world.gone], folder=private(tmp_path, "2"))
    other = await world.adapter.plan(snapshot, [world.in_sync], folder=private(tmp_path, "3"))
    assert plan.digest == second.digest
    assert other.empty
    assert other.digest != plan.digest

    job = world.adapter.correction(snapshot, folder=folder)
    assert job.argv
    assert str(folder) in " ".join(job.argv)
    assert repr(dict(job.environment)) not in repr(job)
    log = folder / "log"
    log.touch()
    # An end that nobody recorded.
    assert isinstance(world.adapter.outcome(snapshot, ended=Vanished(), log=log), InDoubt)
    assert before == await verdicts(world)
    await world.adapter.close()
