"""Each command of a scan goes wrong in each way: the scan tells, and never sees less for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import StackReport, Unreadable
from reconciler.domain.report import ExitCode, exit_code
from reconciler.engine.scan import Scanning, scan_stack
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import KEY, WorldStack

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
_FAULTS: Final = {
    "fails": "exit 1",
    "says nothing": "exit 0",
    "says half": '"$0" half "$@"; exit 0',
    "killed": "kill -9 $$",
    "killed at its end": '"$0" whole "$@"; kill -9 $$',
}
_PROGRAM: Final = """#!/bin/sh
case "$1" in
  half) shift; {tool} "$@" > {log}.said; exec head -c $(($(wc -c < {log}.said) / 2)) {log}.said ;;
  whole) shift; exec {tool} "$@" ;;
esac
echo "$1" >> {log}
if [ "$(wc -l < {log})" -eq {which} ]; then {fault}; fi
exec {tool} "$@"
"""


def _faulty(stack: WorldStack, which: int, fault: str, folder: Path) -> WorldStack:
    """Return the stack with nothing cached, and a tool whose command number `which` fails."""
    folder.mkdir()
    program = folder / stack.tool.name
    log = folder / "calls"
    words = {"tool": stack.tool, "log": log, "which": which, "fault": fault}
    program.write_text(_PROGRAM.format(**words))
    program.chmod(0o755)
    return replace(stack, program=program, cache=folder / "cache")


async def _scans(stack: WorldStack, times: int) -> list[StackReport | ReconcilerError]:
    seen: list[StackReport | ReconcilerError] = []
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        for _ in range(times):
            try:
                seen.append(await scan_stack(stack.reference(), scanning=scanning))
            except ReconcilerError as error:
                seen.append(error)
    return seen


def _addresses(report: StackReport | ReconcilerError) -> set[str]:
    assert isinstance(report, StackReport), report
    return {str(finding.address) for finding in report.findings}


@BY_TERRAFORM
@pytest.mark.parametrize("fault", _FAULTS)
async def test_whatever_command_fails_nothing_is_lost_unsaid(
    stack: WorldStack, tmp_path: Path, fault: str
) -> None:
    stack.apply(_APPLIED)
    stack.write(_EDITED)
    with stack.changed() as objects:
        objects["cause"]["serial"] = "moved"
        objects["cause"]["size"] = 9
        del objects["gone"]
    well = _faulty(stack, 0, ":", tmp_path / "well")
    (good,) = await _scans(well, 1)
    assert _addresses(good) == _FOUND
    calls = (tmp_path / "well" / "calls").read_text().split()
    assert calls == ["version", "plan", "show", "plan", "show"]
    for number, command in enumerate(calls, 1):
        faulty = _faulty(stack, number, _FAULTS[fault], tmp_path / f"{number}")
        seen, *again = await _scans(faulty, 2 if "killed" in fault else 1)
        if isinstance(seen, StackReport) and _addresses(seen) != _FOUND:
            assert exit_code([seen]) is ExitCode.INCOMPLETE, (command, seen)
        for report in again:
            assert _addresses(report) == _FOUND, command


@BY_TERRAFORM
@pytest.mark.parametrize("fault", ["fails", "says nothing", "says half"])
async def test_a_plan_that_the_tool_judges_by_is_shown_or_nothing_is_known(
    stack: WorldStack, tmp_path: Path, fault: str
) -> None:
    stack.apply(_APPLIED)
    stack.write(_EDITED)
    faulty = _faulty(stack, 3, _FAULTS[fault], tmp_path / "faulty")
    found = await faulty.scan(engine="cli")
    assert (tmp_path / "faulty" / "calls").read_text().split()[2] == "show"
    assert {type(verdict) for verdict in found.values()} == {Unreadable}
