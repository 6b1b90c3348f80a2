"""A provider that never answers its configuration does not hold up a scan for ever."""

from __future__ import annotations

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from tests.world_stack import WorldStack

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
