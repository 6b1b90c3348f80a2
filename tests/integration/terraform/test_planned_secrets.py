"""A secret that the code newly uses, and that nobody has applied, is masked as well."""

from __future__ import annotations

import pytest

from reconciler.domain.model import Drifted, Origin
from tests.world_stack import WorldStack

CANARY = "plain-words-nobody-marked"
SHORT = "pin4"
APPLIED = 'resource "world_thing" "one" { name = "one" }\n'
UNAPPLIED = f"""
variable "pw" {{
  sensitive = true
  default   = "{CANARY}"
}}
variable "pin" {{
  sensitive = true
  default   = "{SHORT}"
}}
resource "world_thing" "one" {{
  name   = "one"
  place  = "here"
  labels = {{ pin = var.pin, team = "web" }}
  steps  = ["a", var.pw]
  leader = {{ name = "x-${{var.pw}}", labels = {{ inner = var.pin }} }}
}}
"""


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_a_secret_that_was_never_applied_is_not_in_the_verdict(
    stack: WorldStack, engine: str
) -> None:
    """Row T4."""
    stack.apply(APPLIED)
    stack.write(UNAPPLIED)
    verdict = (await stack.scan(engine=engine))["world_thing.one"]
    assert isinstance(verdict, Drifted)
    assert {change.origin for change in verdict.changes} == {Origin.UNAPPLIED}
    told = {str(change.path): change for change in verdict.changes}
    assert CANARY not in repr(verdict)
    assert SHORT not in repr(verdict)
    assert told["place"].declared == "here"
    assert "Sensitive(" in repr([change.declared for change in verdict.changes])


async def test_a_recording_from_the_cache_masks_it_too(stack: WorldStack) -> None:
    """Row T4."""
    stack.apply(APPLIED)
    stack.write(UNAPPLIED)
    first = (await stack.scan())["world_thing.one"]
    again = (await stack.scan())["world_thing.one"]
    assert again == first
    assert SHORT not in repr(again)


async def test_a_secret_that_was_never_applied_is_not_in_a_template(stack: WorldStack) -> None:
    """Row T4."""
    stack.apply(APPLIED)
    stack.write(UNAPPLIED)
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        declared = await adapter.declarations(snapshot)
    assert CANARY not in repr(declared)
    assert SHORT not in repr(declared)
