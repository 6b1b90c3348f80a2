"""A provider that cannot be started or configured is named, and holds up no scan for ever."""

from __future__ import annotations

import pytest

from iac_adapters.plugin_host.errors import PluginStartError
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Unreadable
from tests.world_stack import WorldStack, verdicts

# One tool will do: the deadline is ours.
pytestmark = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")


async def test_a_provider_that_hangs_while_it_is_configured_is_named(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    hanging = f'provider "world" {{\n world = "{stack.cloud}"\n token = "to hang"\n}}\n'
    stack.write('resource "world_thing" "one" { name = "one" }', provider=hanging)
    impatient = stack.reference(environment={"TRUEUP_CONFIGURE_DEADLINE": "0.5"})
    async with stack.adapter() as adapter:
        with pytest.raises(RetryableError, match=r"trueup/world.*in 0\.5 s") as raised:
            await adapter.load(impatient)
    assert "TRUEUP_CONFIGURE_DEADLINE" in (raised.value.remedy or "")


async def test_a_deadline_that_is_no_number_is_refused(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    senseless = stack.reference(environment={"TRUEUP_CONFIGURE_DEADLINE": "soon"})
    async with stack.adapter() as adapter:
        with pytest.raises(PermanentError, match=r"TRUEUP_CONFIGURE_DEADLINE: 'soon'"):
            await adapter.load(senseless)


async def test_a_provider_that_ends_at_its_start_is_told_in_its_own_words(
    stack: WorldStack,
) -> None:
    """Row V11."""
    stack.apply('resource "world_thing" "one" { name = "one" }')
    # Its schema is known from the first scan, so that it is next started for the recording.
    await stack.scan()
    stack.write('resource "world_thing" "one" { name = "two" }')
    (stack.directory / "refuses-to-start").write_text("starting\nno licence was found\n")
    async with stack.adapter() as adapter:
        with pytest.raises(PluginStartError, match="its last output: no licence was found"):
            await adapter.load(stack.reference())
        # The tool's own plan cannot be made either; it says so, and nothing is in sync.
        snapshot = await adapter.load(stack.reference(engine="auto"))
        assert "no licence was found" in " ".join(snapshot.warnings)
        (verdict,) = (await verdicts(adapter, snapshot)).values()
        assert isinstance(verdict, Unreadable)
