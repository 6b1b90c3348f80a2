"""Stacks as people start their tools: overrides, arguments, other endings, encryption."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable, find_executable
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.domain.model import Drifted, InSync, Origin, ResourceAddress, Verdict
from reconciler.ports import AdapterSetup, Exited
from tests.makers import MakersStack, verdicts

_NULL: Final = """
terraform {
  required_providers { null = { source = "registry.terraform.io/hashicorp/null" } }
  %s
}
"""
_A: Final = ResourceAddress("null_resource.a")
_LONG: Final = 142


@contextmanager
def _adapter(folder: Path) -> Iterator[TerraformAdapter]:
    yield TerraformAdapter(
        AdapterSetup(data_dir=folder / "data", cache_dir=folder / "cache", key=b"k" * 32)
    )


async def _scan(stack: MakersStack, folder: Path, **more: Any) -> dict[str, Verdict]:
    with _adapter(folder) as adapter:
        seen = await verdicts(adapter, stack.reference(**more))
        await adapter.close()
        return seen


def _made(folder: Path, mirror: Path, tool: Executable, code: str) -> MakersStack:
    return MakersStack.made(folder / "s", mirror=mirror, terraform=tool.path, code=code)


async def test_a_variable_file_of_the_environment_is_watched_and_the_rest_is_named(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    """Row T11."""
    code = 'variable "v" {}\nresource "null_resource" "a" {\n  triggers = { v = var.v }\n}\n'
    stack = _made(tmp_path, makers, terraform, code)
    values = stack.directory / "x.tfvars"
    values.write_text('v = "one"\n')
    stack.run("apply", "-auto-approve", "-var-file=x.tfvars")
    named = {"TF_CLI_ARGS_plan": "-var-file=x.tfvars -target=null_resource.other -parallelism=2"}
    reference = stack.reference(environment=named)
    with _adapter(tmp_path) as adapter:
        assert await verdicts(adapter, reference) == {_A: InSync()}
        values.write_text('v = "two"\n')
        snapshot = await adapter.load(reference)
        (found,) = [one.verdict async for one in adapter.observe(snapshot, None)]
        await adapter.close()
    assert isinstance(found, Drifted)
    assert [(c.path, c.origin) for c in found.changes] == [("triggers.v", Origin.UNAPPLIED)]
    assert snapshot.warnings == (
        "TF_CLI_ARGS_plan: -target is left out; a scan is of the whole stack",
    )


async def test_an_ephemeral_variable_of_a_file_is_given_again_at_the_apply(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    """Row T12."""
    code = """
    variable "token" {
      type      = string
      ephemeral = true
    }
    variable "content" { type = string }
    resource "local_file" "a" {
      filename = "${path.module}/a.txt"
      content  = var.content
    }
    """
    stack = _made(tmp_path, makers, terraform, code)
    values = stack.directory / "x.tfvars"
    values.write_text('token = "short-lived"\ncontent = "hello"\n')
    stack.run("apply", "-auto-approve", "-var-file=x.tfvars")
    made = stack.directory / "a.txt"
    made.unlink()
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    address = ResourceAddress("local_file.a")
    with _adapter(tmp_path) as adapter:
        snapshot = await adapter.load(stack.reference(var_files=[values]))
        await adapter.plan(snapshot, [address], folder=folder)
        runner = ProcessRunner()
        process = await runner.start(adapter.correction(snapshot, folder=folder), folder)
        ended = await runner.wait(process, folder)
        await adapter.close()
    assert isinstance(ended, Exited)
    assert ended.exit_code == 0, (folder / "log").read_text()
    assert made.read_text() == "hello"


_S3: Final = 'backend "s3" {\n    bucket = "b"\n    key    = "k"\n    region = "us-east-1"\n  }'


@pytest.mark.parametrize(
    ("code", "override"),
    [
        (_NULL % _S3, 'terraform {\n  backend "local" {\n    path = "over.tfstate"\n  }\n}\n'),
        (f"{_NULL % ''}/*\nterraform {{\n  {_S3}\n}}\n*/\n", ""),
        (f"{_NULL % ''}locals {{\n  text = <<EOT\nterraform {{\n  {_S3}\n}}\nEOT\n}}\n", ""),
    ],
    ids=["override file", "block comment", "heredoc"],
)
async def test_the_backend_is_the_one_that_the_tool_uses(
    makers: Path, terraform: Executable, tmp_path: Path, code: str, override: str
) -> None:
    """Row T13."""
    (tmp_path / "s" / "code").mkdir(parents=True)
    (tmp_path / "s" / "code" / "backend_override.tf").write_text(override)
    stack = _made(tmp_path, makers, terraform, code + 'resource "null_resource" "a" {}\n')
    stack.apply()
    assert await _scan(stack, tmp_path) == {_A: InSync()}


async def test_code_that_only_opentofu_reads_is_read_by_it(
    makers: Path, terraform: Executable, tofu: Executable, tmp_path: Path
) -> None:
    """Row T14."""
    stack = _made(tmp_path, makers, terraform, "")
    code = _NULL % "" + 'resource "null_resource" "a" {}\n'
    (stack.directory / "main.tofu").write_text(code)
    (stack.directory / "main.tf").unlink()
    own = MakersStack(stack.directory, tofu.path, stack.environment)
    own.run("init", "-input=false")
    own.apply()
    folders = f"{terraform.path.parent}:{tofu.path.parent}"
    assert find_executable(stack.directory, {"PATH": folders}).name == "tofu"
    assert await _scan(own, tmp_path) == {_A: InSync()}


async def test_a_state_that_opentofu_encrypted_is_decrypted_by_it(
    makers: Path, tofu: Executable, tmp_path: Path
) -> None:
    """Row T15."""
    encryption = """
    encryption {
      key_provider "pbkdf2" "k" {
        passphrase = "correct-horse-battery-staple"
      }
      method "aes_gcm" "m" {
        keys = key_provider.pbkdf2.k
      }
      state {
        method = method.aes_gcm.m
      }
    }
    """
    code = _NULL % encryption + 'resource "null_resource" "a" {\n  triggers = { v = "%s" }\n}\n'
    stack = _made(tmp_path, makers, tofu, code % "one")
    stack.apply()
    assert "null_resource" not in (stack.directory / "terraform.tfstate").read_text()
    assert await _scan(stack, tmp_path) == {_A: InSync()}
    (stack.directory / "main.tf").write_text(code % "two")
    (found,) = (await _scan(stack, tmp_path)).values()
    assert isinstance(found, Drifted)


async def test_a_file_outside_the_stack_behind_a_local_is_watched(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    """Row T23."""
    code = """
    locals { up = "${path.module}/.." }
    locals {
      shared = "${local.up}/shared"
    }
    resource "null_resource" "a" {
      triggers = { policy = file("${local.shared}/policy.txt") }
    }
    """
    policy = tmp_path / "s" / "shared" / "policy.txt"
    policy.parent.mkdir(parents=True)
    policy.write_text("one")
    stack = _made(tmp_path, makers, terraform, code)
    stack.apply()
    assert await _scan(stack, tmp_path) == {_A: InSync()}
    policy.write_text("two")
    (found,) = (await _scan(stack, tmp_path)).values()
    assert isinstance(found, Drifted)


async def test_a_temporary_folder_too_long_for_a_socket_is_not_used_for_one(
    makers: Path, terraform: Executable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row T28."""
    stack = _made(tmp_path, makers, terraform, 'resource "null_resource" "a" {}\n')
    stack.apply()
    long = tmp_path / ("x" * max(1, _LONG - len(str(tmp_path))))
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setenv("TMPDIR", str(long))
    assert await _scan(stack, tmp_path) == {_A: InSync()}


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_what_moves_to_a_built_in_type_is_shown_as_the_replacement_it_is(
    makers: Path, terraform: Executable, tmp_path: Path, engine: str
) -> None:
    """Row T26."""
    stack = _made(
        tmp_path, makers, terraform, 'resource "null_resource" "a" {\n  triggers = { v = 1 }\n}\n'
    )
    stack.apply()
    moved = "moved {\n  from = null_resource.a\n  to   = terraform_data.b\n}\n"
    (stack.directory / "main.tf").write_text(moved + 'resource "terraform_data" "b" {}\n')
    found = (await _scan(stack, tmp_path, engine=engine))[_A]
    assert isinstance(found, Drifted)
    assert found.requires_replace
    assert "the code moves it to terraform_data.b (main.tf:1)" in str(found.reason)
    assert found.origin is Origin.UNAPPLIED
