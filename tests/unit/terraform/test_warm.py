"""What stays in memory of many stacks."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.reader import terraform_reader
from iac_adapters.terraform.recorder.recording import NOTHING_RECORDED
from iac_adapters.terraform.stack_secrets import StackSecrets
from iac_adapters.terraform.state import ProviderReference, StateInstance
from iac_adapters.terraform.warm import WarmStack
from iac_adapters.warm_stacks import WarmStacks
from reconciler.domain.model import RecordedResource, ResourceAddress, StackName, Status
from reconciler.ports import StackReference
from tests.unit.terraform.schemas import LAWS

MEGABYTE = 10**6


def warm(size: int) -> WarmStack:
    """One resource with `size` bytes of attributes."""
    address = ResourceAddress("t.x")
    instance = StateInstance(
        address=address,
        module="",
        mode="managed",
        type="t",
        name="x",
        index_key=None,
        provider=ProviderReference("p", None, ""),
        attributes_json=b" " * size,
    )
    resource = LoadedResource(RecordedResource(address, "t", Status.LIVE), instance)
    reader = terraform_reader(
        Providers(PluginPool(idle_s=1, max_processes=1)), SecretDigester(bytes(32))
    )
    stack = LoadedStack(NOTHING_RECORDED, {address: resource})
    secrets = StackSecrets(StackReference(StackName("s"), Path("s"), "terraform"))
    return WarmStack("r", stack, reader, secrets)


def test_the_longest_unused_go_first() -> None:
    stacks: WarmStacks[WarmStack] = WarmStacks(max_bytes=3 * MEGABYTE)
    a, b, c, d = (StackName(name) for name in "abcd")
    for name in (a, b):
        stacks.put(name, warm(MEGABYTE))
    assert stacks.get(a) is not None
    stacks.put(c, warm(MEGABYTE))
    assert [stacks.get(name) is not None for name in (a, b, c)] == [True, False, True]
    stacks.put(d, warm(9 * MEGABYTE))
    assert [stacks.get(name) is not None for name in (a, b, c, d)] == [False, False, False, True]


def test_a_stack_that_is_loaded_again_counts_once() -> None:
    stacks: WarmStacks[WarmStack] = WarmStacks(max_bytes=3 * MEGABYTE)
    other = warm(MEGABYTE)
    stacks.put(StackName("other"), other)
    for _ in range(9):
        stacks.put(StackName("same"), warm(MEGABYTE))
    assert stacks.get(StackName("other")) is other


@LAWS
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2 * MEGABYTE)), max_size=20))
def test_the_budget_holds_whatever_comes_and_the_last_one_stays(
    puts: list[tuple[str, int]],
) -> None:
    stacks: WarmStacks[WarmStack] = WarmStacks(max_bytes=3 * MEGABYTE)
    sizes: dict[str, int] = {}
    for name, size in puts:
        last = warm(size)
        stacks.put(StackName(name), last)
        sizes[name] = size
        assert stacks.get(StackName(name)) is last
        kept = [size for name, size in sizes.items() if stacks.get(StackName(name)) is not None]
        assert stacks.get(StackName(name)) is last
        assert len(stacks) == len(kept)
        assert sum(kept) <= 3 * MEGABYTE
