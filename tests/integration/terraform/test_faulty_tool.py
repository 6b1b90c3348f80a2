"""Each command of a scan goes wrong in each way: the scan tells, and never sees less for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from reconciler.domain.model import StackReport, Unreadable
from reconciler.domain.report import ExitCode, exit_code
from tests.faulty_tool import FAULTS, NOTHING, commands, faulty, found, scans
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import WorldStack

_APPLIED: Final = """
resource "world_thing" "cause" { name = "cause" }
resource "world_thing" "follower" {
  name   = "follower"
  labels = { serial = world_thing.cause.serial }
}
resource "world_thing" "gone" { name = "gone" }
resource "world_thing" "kept" { name = "kept" }
resource "terraform_data" "built_in" { input = "1" }
output "given" { value = 1 }
output "fed" { value = world_thing.cause.serial }
"""
_EDITED: Final = (
    _APPLIED
    .replace("value = 1", "value = 2")
    .replace('input = "1"', 'input = "2"')
    .replace('{ name = "kept" }', '{\n  name = "kept"\n  size = 7\n}')
)  # fmt: skip
_FOUND: Final = {
    "world_thing.cause", "world_thing.follower", "world_thing.gone", "world_thing.kept",
    "terraform_data.built_in", "output.given", "output.fed",
}  # fmt: skip


def _faulty(stack: WorldStack, folder: Path, which: int, fault: str = NOTHING) -> WorldStack:
    """Return the stack with nothing cached, and a tool whose command number `which` goes wrong."""
    return replace(stack, program=faulty(stack.tool, folder, which, fault), cache=folder / "cache")


@BY_TERRAFORM
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_command_fails_nothing_is_lost_unsaid(
    stack: WorldStack, tmp_path: Path, fault: str
) -> None:
    stack.apply(_APPLIED)
    stack.write(_EDITED)
    with stack.changed() as objects:
        objects["cause"]["serial"] = "moved"
        objects["cause"]["size"] = 9
        del objects["gone"]
    well = _faulty(stack, tmp_path / "well", 0)
    (good,) = await scans(well, 1)
    assert found(good) == _FOUND
    calls = commands(well.program)
    assert calls == ["version", "plan", "show", "plan", "show"]
    for number, command in enumerate(calls, 1):
        ill = _faulty(stack, tmp_path / f"{number}", number, FAULTS[fault])
        seen, *again = await scans(ill, 2 if "killed" in fault else 1)
        if isinstance(seen, StackReport) and found(seen) != _FOUND:
            assert exit_code([seen]) is ExitCode.INCOMPLETE, (command, seen)
        for report in again:
            assert found(report) == _FOUND, command


@BY_TERRAFORM
@pytest.mark.parametrize("fault", ["fails", "says nothing", "says half"])
async def test_a_plan_that_the_tool_judges_by_is_shown_or_nothing_is_known(
    stack: WorldStack, tmp_path: Path, fault: str
) -> None:
    stack.apply(_APPLIED)
    stack.write(_EDITED)
    ill = _faulty(stack, tmp_path / "ill", 3, FAULTS[fault])
    verdicts = await ill.scan(engine="cli")
    assert commands(ill.program)[2] == "show"
    assert {type(verdict) for verdict in verdicts.values()} == {Unreadable}
