"""Files that a provider's plan reads: a change of theirs is a change that nobody applied."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform import assembly
from reconciler.domain.model import Drifted, InSync, Origin
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import WorldStack, verdicts

pytestmark = BY_TERRAFORM

_CODE: Final = """
resource "world_thing" "release" {
  name   = "release"
  labels = { chart = "./chart" }
}
"""
_IN_SYNC: Final = {"world_thing.release": InSync()}


class Chart:
    """The folder that the provider reads a size from when it plans."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def write(self, text: str, *, name: str = "size") -> None:
        """Write one of its files anew."""
        (self._folder / name).write_text(text)


@pytest.fixture
def chart(stack: WorldStack) -> Chart:
    """A chart of size 3, whose stack is applied."""
    made = Chart(stack.directory / "chart")
    made.write("3")
    stack.apply(_CODE)
    return made


async def test_what_the_plan_reads_there_is_part_of_the_revision(
    stack: WorldStack, chart: Chart
) -> None:
    """Row V5."""
    async with stack.adapter() as adapter:
        for _ in range(2):
            snapshot = await adapter.load(stack.reference())
            assert await verdicts(adapter, snapshot) == _IN_SYNC
        chart.write("4")
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        # As a new process, which finds what this one recorded before.
        chart.write("5")
    again = await stack.scan()
    for seen, size in ((found, 4), (again, 5)):
        verdict = seen["world_thing.release"]
        assert isinstance(verdict, Drifted)
        (change,) = verdict.changes
        assert (change.path, change.declared, change.live) == ("size", size, 3)
        assert change.origin is Origin.UNAPPLIED


async def test_a_file_that_changes_nothing_costs_a_plan_for_its_first_changes_alone(
    stack: WorldStack, chart: Chart
) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        stack.forget_calls()
        chart.write("3")
        await adapter.load(stack.reference())
        assert stack.calls("plan") == 0
        chart.write("read", name="notes")
        await adapter.load(stack.reference())
        for number in range(6):
            chart.write(f"read {number} times", name="notes")
            snapshot = await adapter.load(stack.reference())
            assert await verdicts(adapter, snapshot) == _IN_SYNC
        # Once for the new file, and then three times for its changes.
        assert stack.calls("plan") == 4


@pytest.mark.parametrize("edits", [1, 9])
async def test_a_file_that_changes_nothing_hides_no_change_of_its_neighbour(
    stack: WorldStack, chart: Chart, edits: int
) -> None:
    """Row V5: a chart's notes are edited before its values, however often."""
    chart.write("read", name="README")
    async with stack.adapter() as adapter:
        for number in range(edits):
            snapshot = await adapter.load(stack.reference())
            assert await verdicts(adapter, snapshot) == _IN_SYNC
            chart.write(f"read {number} times", name="README")
        await adapter.load(stack.reference())
        chart.write("4")
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert isinstance(found["world_thing.release"], Drifted)


async def test_files_that_come_and_go_below_a_named_folder_are_seen(
    stack: WorldStack, chart: Chart
) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        stack.forget_calls()
        chart.write("x", name="more")
        await adapter.load(stack.reference())
        assert stack.calls("plan") == 1
        (stack.directory / "chart" / "more").unlink()
        await adapter.load(stack.reference())
        assert stack.calls("plan") == 2


@pytest.mark.usefixtures("chart")
async def test_a_recording_of_yesterday_is_made_anew(
    stack: WorldStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row V5."""
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        stack.forget_calls()
        monkeypatch.setattr(assembly, "_OLDEST_S", -1.0)
        await adapter.load(stack.reference())
        assert stack.calls("plan") == 1
