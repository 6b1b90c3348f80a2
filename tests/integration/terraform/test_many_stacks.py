"""Many stacks behind one adapter: what they share, and what forgetting one costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.snapshots import Payload
from iac_adapters.warm_stacks import WarmStacks
from reconciler.domain.model import InSync, StackName
from reconciler.ports import AdapterSetup
from tests.world_stack import KEY, WorldStack, verdicts

# One tool will do: what is tested here comes after it.
pytestmark = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")


async def test_a_stack_that_was_forgotten_is_read_without_a_new_plan(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    stack.forget_calls()
    async with stack.adapter() as adapter:
        adapter._loading.warm = WarmStacks(max_bytes=1)
        references = [
            replace(stack.reference(), name=StackName(f"stack {number}")) for number in range(3)
        ]
        for reference in references * 2:
            snapshot = await adapter.load(reference)
            assert await verdicts(adapter, snapshot) == {"world_thing.one": InSync()}
        assert len(adapter._loading.warm) == 1
    assert stack.calls("plan") == 1


async def test_a_snapshot_stays_of_use_when_its_stack_is_forgotten(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        adapter._loading.warm = WarmStacks()
        assert await verdicts(adapter, snapshot) == {"world_thing.one": InSync()}


async def test_stacks_of_one_provider_share_its_schema(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    async with stack.adapter() as adapter:
        schemas = [await _schema(adapter, stack, f"stack {number}") for number in range(3)]
        assert schemas[0] is not None
        assert all(schema is schemas[0] for schema in schemas)


async def _schema(adapter: TerraformAdapter, stack: WorldStack, name: str) -> ProviderSchema | None:
    payload = (await adapter.load(replace(stack.reference(), name=StackName(name)))).payload
    assert isinstance(payload, Payload)
    (resource,) = payload.stack.resources.values()
    return resource.schema


async def test_plugins_beyond_the_budget_are_ended_and_come_back(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    adapter = TerraformAdapter(
        AdapterSetup(
            data_dir=stack.cache / "data", cache_dir=stack.cache, key=KEY, plugin_memory_bytes=1
        )
    )
    for token in "aba":
        # Another environment is another provider process.
        reference = stack.reference(environment={"WORLD_TOKEN": token})
        snapshot = await adapter.load(replace(reference, name=StackName(token)))
        assert await verdicts(adapter, snapshot) == {"world_thing.one": InSync()}
    weights = [
        slot.process.memory_bytes() for slot in adapter._pool._slots.values() if slot.process
    ]
    assert all(weight > 2**20 for weight in weights)
    await adapter.close()
