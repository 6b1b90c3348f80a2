"""The edges of instances: the real state names what they depend on without a key."""

from __future__ import annotations

from reconciler.domain.model import ResourceAddress
from tests.world_stack import WorldStack

COUNTED = """
resource "world_thing" "vm" {
  count = 2
  name  = "vm-${count.index}"
}
resource "world_thing" "edge" {
  for_each = { a = 0, b = 1 }
  name     = "edge-${each.key}"
  labels   = { vm = world_thing.vm[each.value].id }
}
"""


async def test_a_policy_names_the_edges_of_instances(stack: WorldStack) -> None:
    stack.apply(COUNTED)
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        for number, key in enumerate("ab"):
            vm = ResourceAddress(f"world_thing.vm[{number}]")
            found = await adapter.edges(snapshot, [vm], named=["world_thing.edge*"])
            assert [(edge.address, edge.isolates) for edge in found] == [
                (f'world_thing.edge["{key}"]', vm)
            ]
