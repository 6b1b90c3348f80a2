"""When the code is evaluated again, and when not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Drifted, InSync, Verdict
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import WorldStack, verdicts

pytestmark = BY_TERRAFORM

ONE = """
variable "size" { default = 3 }
resource "world_thing" "one" {
  name = "one"
  size = var.size
}
"""


async def _plans(stack: WorldStack, **more: Any) -> int:
    """Load with a new adapter, as a new process would; return how often it planned."""
    stack.forget_calls()
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference(**more))
    return stack.calls("plan")


async def test_nothing_changed_nothing_is_evaluated_again(stack: WorldStack) -> None:
    stack.apply(ONE)
    assert await _plans(stack) == 1
    assert await _plans(stack) == 0
    async with stack.adapter() as adapter:
        stack.forget_calls()
        for _ in range(3):
            snapshot = await adapter.load(stack.reference())
            assert await verdicts(adapter, snapshot) == {"world_thing.one": InSync()}
        assert stack.calls("plan") == 0


async def test_state_code_and_variables_are_watched(stack: WorldStack, tmp_path: Path) -> None:
    stack.apply(ONE)
    assert await _plans(stack) == 1
    state = json.loads(stack.state.read_text())
    state["serial"] += 1
    stack.state.write_text(json.dumps(state))
    assert await _plans(stack) == 1
    stack.write(ONE + "# a word\n")
    assert await _plans(stack) == 1
    values = tmp_path / "values.tfvars"
    values.write_text("size = 3")
    assert await _plans(stack, var_files=(values,)) == 1
    assert await _plans(stack, var_files=(values,)) == 0
    values.write_text("size = 4")
    assert await _plans(stack, var_files=(values,)) == 1
    assert await _plans(stack, environment={"TF_VAR_size": "5"}) == 1
    assert await _plans(stack, environment={"TF_VAR_size": "5"}) == 0
    (stack.directory / "terraform.tfvars").write_text("size = 6")
    assert await _plans(stack) == 1


async def test_the_same_adapter_sees_new_variables_and_code(
    stack: WorldStack, tmp_path: Path
) -> None:
    """What was remembered of an object that did not change must not hide a changed code."""
    stack.apply(ONE)
    values = tmp_path / "values.tfvars"
    values.write_text("size = 3")
    async with stack.adapter() as adapter:
        reference = stack.reference(var_files=(values,))
        with stack.changed() as things:
            things["one"]["enabled"] = True  # so that the provider is asked to judge
        first = await verdicts(adapter, await adapter.load(reference))
        values.write_text("size = 4")
        second = await verdicts(adapter, await adapter.load(reference))
        values.write_text("size = 3")
        third = await verdicts(adapter, await adapter.load(reference))
    assert _paths(first) == ["enabled"]
    assert _paths(second) == ["enabled", "size"]
    assert third == first


def _paths(seen: Mapping[str, Verdict]) -> list[str]:
    (verdict,) = seen.values()
    assert isinstance(verdict, Drifted)
    return [change.path for change in verdict.changes]


async def test_a_data_source_that_answers_otherwise_is_evaluated_again(stack: WorldStack) -> None:
    stack.apply(
        """
        data "world_count" "all" {}
        resource "world_thing" "fed" {
          name   = "fed"
          labels = { seen = "${values(data.world_count.all)[0] > 1}" }
        }
        """
    )
    stack.apply()  # there is one more thing now than when the data source was read
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        assert await verdicts(adapter, snapshot) == {"world_thing.fed": InSync()}
        stack.forget_calls()
        await adapter.load(stack.reference())
        assert stack.calls("plan") == 0
        with stack.changed() as things:
            things["other"] = {**things["fed"], "id": "other", "name": "other"}
        snapshot = await adapter.load(stack.reference())
        assert stack.calls("plan") == 1
        assert _paths(await verdicts(adapter, snapshot)) == ["labels.seen"]


async def test_a_broken_recording_is_made_anew(stack: WorldStack) -> None:
    stack.apply(ONE)
    assert await _plans(stack) == 1
    (file,) = stack.cache.rglob("*.recording")
    assert file.stat().st_mode & 0o777 == 0o600
    for content in (b"", b"short", file.read_bytes()[:-1], b"x" * 500):
        file.write_bytes(content)
        assert await _plans(stack) == 1, content
        assert await _plans(stack) == 0


async def test_code_that_does_not_evaluate_is_told_with_its_place(stack: WorldStack) -> None:
    stack.apply(ONE)
    stack.write(ONE + 'resource "world_thing" "bad" {\n  name = local.nowhere\n}\n')
    with pytest.raises(PermanentError) as raised:
        await stack.scan()
    text = str(raised.value)
    assert "main.tf" in text
    assert "local.nowhere" in text
    line = (stack.directory / "main.tf").read_text().splitlines().index("  name = local.nowhere")
    assert str(line + 1) in text


async def test_loading_writes_nothing_into_the_stack(stack: WorldStack) -> None:
    stack.apply(ONE)
    before, cloud = _everything(stack.directory), stack.cloud.read_bytes()
    await stack.scan()
    await stack.scan(engine="cli")
    assert _everything(stack.directory) == before
    assert stack.cloud.read_bytes() == cloud


def _everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(file): (file.stat().st_mtime_ns, file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }
