"""What a provider quotes when it refuses code: no secret of the configuration is told on."""

from __future__ import annotations

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.engine.scan import Scanning, scan_stack
from tests.providers.world_provider import World
from tests.world_stack import KEY, WorldStack

# No literal of the code, and nothing that a state keeps.
_CANARY = "CANARY-of-9-parts"
_COMPUTED = 'join("", ["CAN", "ARY-", "of-", 9, "-par", "ts"])'
_MADE = f'resource "world_thing" "made" {{\n  name = "made"\n  password_wo = {_COMPUTED}\n}}\n'
_NEW = f'resource "world_thing" "new" {{\n  name = "new"\n  secret = {_COMPUTED}\n}}\n'


_PLAIN = f"""resource "world_thing" "new" {{
  name   = "new"
  labels = {{ pw = sensitive({_COMPUTED}) }}
}}
"""
# A precondition that fails ends the plan: what it says of secrets is not known to be whole.
_STOPPED = """
resource "terraform_data" "stopping" {
  lifecycle {
    precondition {
      condition     = length(world_thing.made.name) > 99
      error_message = "It is too short."
    }
  }
}
"""


@pytest.mark.parametrize("code", [_NEW, _PLAIN, _PLAIN + _STOPPED])
async def test_no_secret_value_of_what_is_refused_is_told(stack: WorldStack, code: str) -> None:
    stack.apply(_MADE)
    (stack.directory / "more.tf").write_text(code)
    refusing = World(stack.cloud).refusing(
        dict.fromkeys(("made", "new"), f"{_CANARY} is too short")
    )
    with refusing:
        async with stack.adapter() as adapter:
            scanning = Scanning(adapter, SystemClock(), judging(KEY))
            report = await scan_stack(stack.reference(), scanning=scanning)

    assert _CANARY not in repr(report)
    told = [
        warning.partition(" is too short")[0] for warning in report.warnings if "***" in warning
    ]
    assert told == [
        "Refused (world_thing.made or world_thing.new): ***",
        "main.tf:6: Refused (world_thing.made): ***",
    ]
