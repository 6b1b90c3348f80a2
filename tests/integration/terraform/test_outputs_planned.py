"""When the tool plans the world as it was read for the sake of outputs, and when it need not."""

from __future__ import annotations

from typing import Final

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Drifted, InSync, Verdict
from reconciler.engine.scan import Scanning, scan_stack
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import KEY, WorldStack, verdicts

pytestmark = BY_TERRAFORM

_CAUSE: Final = """
resource "world_thing" "cause" {
  name = "cause"
  size = 4
}
"""
_FOLLOWED: Final = """
resource "world_thing" "follower" {
  name   = "follower"
  labels = { serial = world_thing.cause.serial }
}
output "db" { value = world_thing.cause.serial }
"""


async def test_what_moved_and_feeds_an_output_is_planned_once_while_it_stays(
    stack: WorldStack,
) -> None:
    stack.apply(_CAUSE.replace("size = 4", "") + 'output "db" { value = world_thing.cause.serial }')
    async with stack.adapter() as adapter:
        await verdicts(adapter, await adapter.load(stack.reference()))
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
        stack.forget_calls()
        for number in range(3):
            with stack.changed() as things:  # what nothing refers to
                things["cause"]["size"] = number
            seen = await verdicts(adapter, await adapter.load(stack.reference()))
            assert isinstance(seen["output.db"], Drifted)
            assert seen["world_thing.cause"] != InSync()
        assert stack.calls("plan") == 1
        with stack.changed() as things:
            things["cause"]["serial"] = "a third"
        seen = await verdicts(adapter, await adapter.load(stack.reference()))
        assert seen["output.db"].changes[0].declared == "a third"  # type: ignore[union-attr]


async def test_a_follower_that_was_put_back_is_judged_by_a_plan_of_its_own(
    stack: WorldStack,
) -> None:
    stack.apply(_CAUSE + _FOLLOWED)
    async with stack.adapter() as adapter:
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
            kept, things["follower"]["enabled"] = things["follower"].get("enabled"), True
        seen = await verdicts(adapter, await adapter.load(stack.reference()))
        assert _attributes(seen["world_thing.follower"]) == {"enabled", "labels"}
        with stack.changed() as things:
            things["follower"]["enabled"] = kept
        seen = await verdicts(adapter, await adapter.load(stack.reference()))
        assert _attributes(seen["world_thing.follower"]) == {"labels"}


def _attributes(verdict: Verdict) -> set[str]:
    assert isinstance(verdict, Drifted)
    return {str(change.path).partition(".")[0] for change in verdict.changes}


async def test_no_plan_is_made_of_what_moved_where_no_output_takes_it(stack: WorldStack) -> None:
    other = 'resource "world_thing" "other" { name = "other" }\n'
    outputs = """
locals { told = world_thing.cause.serial }
output "named" { value = world_thing.cause.name }
output "other" { value = world_thing.other.serial }
"""
    stack.apply(_CAUSE + other + outputs)
    async with stack.adapter() as adapter:
        await verdicts(adapter, await adapter.load(stack.reference()))
        stack.forget_calls()
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
        seen = await verdicts(adapter, await adapter.load(stack.reference()))
        assert stack.calls("plan") == 0
        assert not any(isinstance(verdict, Drifted) for verdict in seen.values())
        with stack.changed() as things:
            things["other"]["serial"] = "another"
        seen = await verdicts(adapter, await adapter.load(stack.reference()))
        assert isinstance(seen["output.other"], Drifted)
        assert stack.calls("plan") == 1


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_an_output_is_named_though_nothing_changes_it_as_recorded(
    stack: WorldStack, engine: str
) -> None:
    outputs = 'output "db" { value = world_thing.cause.serial }\noutput "still" { value = "x" }\n'
    stack.apply(_CAUSE + outputs)
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        reference = stack.reference(engine=engine)

        async def found(*names: str) -> list[str]:
            report = await scan_stack(reference, scanning=scanning, addresses=names)
            assert report.unreadable == ()
            return [str(finding.address) for finding in report.findings]

        assert await found("output.db") == []
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
        assert await found("output.db") == ["output.db"]
        assert await found("output.still") == []
        with pytest.raises(PermanentError, match=r"is named output\.gone"):
            await found("output.gone")
