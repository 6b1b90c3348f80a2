"""What a test is given without the tool is what the tool has made of the same code before."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import InSync
from tests.integration.terraform.conftest import Template
from tests.world_stack import WorldStack, copied

ONE = 'resource "world_thing" "one" { name = "%s" }\n'


@pytest.fixture
def stacks(template: Template, terraform: Executable, tmp_path: Path) -> list[WorldStack]:
    """Two stacks of one's own, initialised and empty."""
    return [copied(template(terraform), tmp_path / name, terraform) for name in ("a", "b")]


async def test_the_tool_applies_equal_code_once_and_each_stack_has_a_lineage_of_its_own(
    stacks: list[WorldStack],
) -> None:
    for stack in stacks:
        stack.apply(ONE % "known")
    assert [stack.calls("apply") for stack in stacks] == [1, 0]
    first, second = (json.loads(stack.state.read_text()) for stack in stacks)
    assert first.pop("lineage") != second.pop("lineage")
    assert first == second
    assert [await stack.scan() for stack in stacks] == [{"world_thing.one": InSync()}] * 2


def test_other_code_is_applied(stacks: list[WorldStack]) -> None:
    for number, stack in enumerate(stacks):
        stack.apply(ONE % f"other {number}")
    assert [stack.calls("apply") for stack in stacks] == [1, 1]


def test_code_that_reads_a_file_is_applied(stacks: list[WorldStack]) -> None:
    for stack in stacks:
        (stack.directory.parent / "name").write_text(stack.directory.parent.name)
        stack.apply(ONE % '${file("../name")}')
    assert [stack.calls("apply") for stack in stacks] == [1, 1]


def test_a_stack_that_was_applied_or_a_world_that_is_there_is_applied(
    stacks: list[WorldStack],
) -> None:
    first, second = stacks
    code = ONE % uuid.uuid4().hex
    first.apply(code)
    first.apply(code)
    second.while_applying(other="the disk is full")
    second.apply(code)
    assert [stack.calls("apply") for stack in stacks] == [2, 1]
