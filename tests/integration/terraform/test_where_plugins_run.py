"""Plugins run where terraform would run them: in the stack's directory and environment."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import InSync, Missing
from reconciler.ports import AdapterSetup
from tests.e2e.command import Trueup
from tests.makers import MakersStack, verdicts

_FILE: Final = """
resource "local_file" "a" {
  filename = "${path.module}/a.txt"
  content  = "one"
}
"""
_ARCHIVE: Final = """
data "archive_file" "z" {
  type        = "zip"
  source_file = "${path.module}/main.tf"
  output_path = "${path.module}/z.zip"
}
output "size" { value = data.archive_file.z.output_size }
"""
_REQUIRED: Final = r'argument "endpoint" is required'
_TIMES: Final = ("observed_at", "timing_ms")
_RABBIT: Final = """
terraform {
  required_providers { rabbitmq = { source = "cyrilgdn/rabbitmq" } }
}
provider "rabbitmq" {}
resource "rabbitmq_vhost" "v" { name = "v" }
"""


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[TerraformAdapter]:
    """An adapter whose process works in another directory than any stack's."""
    opened = _adapter(tmp_path)
    yield opened
    await opened.close()


def _adapter(folder: Path) -> TerraformAdapter:
    return TerraformAdapter(
        AdapterSetup(data_dir=folder, cache_dir=folder / "cache", key=b"k" * 32)
    )


def _made(folder: Path, mirror: Path, tool: Executable, code: str) -> MakersStack:
    return MakersStack.made(folder, mirror=mirror, terraform=tool.path, code=code)


async def test_a_relative_path_of_a_resource_is_the_stacks(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    """Rows T19 and V1."""
    stack = _made(tmp_path / "s", makers, terraform, _FILE)
    stack.apply()
    # Once with the process that recorded it, once with one started to read, once warm.
    assert await verdicts(adapter, stack.reference()) == {"local_file.a": InSync()}
    other = _adapter(tmp_path)
    assert await verdicts(other, stack.reference()) == {"local_file.a": InSync()}
    (stack.directory / "a.txt").unlink()
    assert await verdicts(other, stack.reference()) == {"local_file.a": Missing()}
    await other.close()


async def test_stacks_of_equal_configuration_are_each_read_in_their_own_directory(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    """Rows T19 and V1."""
    stacks = [_made(tmp_path / name, makers, terraform, _FILE) for name in ("one", "two")]
    for stack in stacks:
        stack.apply()
    (stacks[1].directory / "a.txt").unlink()
    for _ in range(2):
        found = [await verdicts(adapter, stack.reference()) for stack in stacks]
        assert found == [{"local_file.a": InSync()}, {"local_file.a": Missing()}]


async def test_an_archive_is_written_where_terraform_writes_it(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Rows V1 and V12."""
    stack = _made(tmp_path / "s", makers, terraform, _ARCHIVE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    # Of the plan that evaluates the code, and of the question whether it is still true.
    for _ in range(2):
        (stack.directory / "z.zip").unlink(missing_ok=True)
        await adapter.load(stack.reference())
        assert (stack.directory / "z.zip").is_file()
    assert list(elsewhere.iterdir()) == []


def test_a_scan_says_the_same_wherever_it_is_called_from(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    """Rows T19 and V1."""
    stack = _made(tmp_path / "s", makers, terraform, _FILE + _ARCHIVE)
    stack.apply()
    (stack.directory / "a.txt").write_text("two")
    there = _scanned(stack, stack.directory, ".", tmp_path / "there")
    from_root = _scanned(stack, Path("/"), str(stack.directory), tmp_path / "root")
    assert from_root == there
    assert there["counts"]["missing"] == 1


def _scanned(stack: MakersStack, here: Path, target: str, cache: Path) -> dict[str, Any]:
    """Return what a scan by the command says, without its times; its cache is its own."""
    own = {"XDG_CACHE_HOME": str(cache), "TRUEUP_TERRAFORM": str(stack.terraform)}
    ended = Trueup({**stack.environment, **own}).run("scan", target, "--json", cwd=here)
    assert ended.code in (0, 2), ended.everything
    (told,) = json.loads(ended.out)["stacks"]
    return {name: value for name, value in told.items() if name not in _TIMES}


async def test_an_argument_is_required_as_the_environment_of_that_scan_says(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    """Row V2."""
    stack = _made(tmp_path / "s", makers, terraform, _RABBIT)
    given = {
        "RABBITMQ_ENDPOINT": "http://127.0.0.1:9",
        "RABBITMQ_USERNAME": "guest",
        "RABBITMQ_PASSWORD": "guest-of-the-test",
    }
    first = _adapter(tmp_path)
    with pytest.raises(PermanentError, match=_REQUIRED):
        await first.load(stack.reference())
    # Another run of ours, which finds what the first one kept.
    second = _adapter(tmp_path)
    snapshot = await second.load(stack.reference(environment=given))
    assert [str(resource.address) for resource in snapshot.resources] == ["rabbitmq_vhost.v"]
    with pytest.raises(PermanentError, match=_REQUIRED):
        await second.load(stack.reference())
    await first.close()
    await second.close()
