"""An aliased provider whose region is an ephemeral value: asked for again when it is due."""

from __future__ import annotations

import time
from typing import Final

import pytest

from reconciler.domain.model import InSync
from tests.providers.world_provider import World
from tests.world_stack import WorldStack, verdicts

_CODE: Final = """
ephemeral "world_place" "there" {}
provider "world" {
  alias  = "there"
  world  = "%s"
  region = ephemeral.world_place.there.region
}
resource "world_thing" "there" {
  provider = world.there
  name     = "there"
}
"""
_IN_SYNC: Final = {"world_thing.there": InSync()}
_LASTS_S: Final = 3600


async def test_an_ephemeral_region_is_asked_for_again_when_its_provider_says(
    stack: WorldStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row T24: the plan would create the object in the new region; the scan says why."""
    with World(stack.cloud).changed() as content:
        content.update(place="west", renew_after_s=_LASTS_S)
    stack.apply(_CODE % stack.cloud)
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        assert (await verdicts(adapter, snapshot), snapshot.provider_doubts) == (_IN_SYNC, ())
        with World(stack.cloud).changed() as content:
            content["place"] = "east"
        stack.forget_calls()
        snapshot = await adapter.load(stack.reference())
        assert (snapshot.provider_doubts, stack.calls("plan")) == ((), 0)

        later_s = time.time() + _LASTS_S
        monkeypatch.setattr("iac_adapters.terraform.warm.time.time", lambda: later_s)
        snapshot = await adapter.load(stack.reference())
        assert stack.calls("plan") == 1
        (doubt,) = snapshot.provider_doubts
        assert doubt.reason == 'region is "east" in code; the objects were recorded with "west"'
        # It is there, where it was recorded: no scan may take it for missing.
        assert await verdicts(adapter, snapshot) == _IN_SYNC
