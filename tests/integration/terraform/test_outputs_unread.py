"""An output that a scan is asked for by name, while what may feed it cannot be read."""

from __future__ import annotations

from typing import Final

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import StackReport
from reconciler.engine.scan import Scanning, scan_stack
from tests.integration.terraform.tools import ENGINES
from tests.world_stack import KEY, WorldStack

_CODE: Final = """
resource "world_thing" "cause" {
  name = "cause"
}
resource "world_thing" "other" {
  name = "other"
}
resource "world_thing" "follower" {
  name   = "follower"
  labels = { serial = world_thing.cause.serial }
}
output "db" { value = world_thing.cause.serial }
output "by_follower" { value = world_thing.follower.name }
"""


async def _report(stack: WorldStack, engine: str, *addresses: str) -> StackReport:
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        reference = stack.reference(engine=engine)
        return await scan_stack(reference, scanning=scanning, addresses=addresses)


@ENGINES
@pytest.mark.parametrize("moved", [True, False])
async def test_an_output_asked_for_alone_is_unread_while_its_feeder_is(
    stack: WorldStack, engine: str, *, moved: bool
) -> None:
    stack.apply(_CODE)
    if moved:
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
    stack.turn(cause="deny")
    report = await _report(stack, engine, "output.db", "output.by_follower")
    assert not report.findings
    unreadable = {str(address): reason for address, reason in report.unreadable}
    assert unreadable.keys() == {"output.db", "output.by_follower"}
    if engine == "plugin":
        assert unreadable["output.db"] == "world_thing.cause, which may feed it, could not be read"


@ENGINES
async def test_an_output_is_in_sync_where_all_that_feeds_it_was_read(
    stack: WorldStack, engine: str
) -> None:
    stack.apply(_CODE)
    report = await _report(stack, engine, "output.db")
    assert not report.unreadable
    assert not report.findings


async def test_what_feeds_no_output_leaves_it_in_sync_while_it_cannot_be_read(
    stack: WorldStack,
) -> None:
    stack.apply(_CODE)
    stack.turn(other="deny")
    report = await _report(stack, "plugin", "output.db")
    assert not report.unreadable
    assert not report.findings
