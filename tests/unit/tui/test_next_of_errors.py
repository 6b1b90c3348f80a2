"""What is offered about the errors of Terraform's adapter, as it words them."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.backend import locate_state
from iac_adapters.terraform.installed import LOCK_FILE, installed_providers
from reconciler.domain.errors import PermanentError
from tests.unit.tui.test_next_steps import failing
from tui.lines.next_steps import mending, next_command

_TOOLS = pytest.mark.parametrize("tool", ["terraform", "tofu"])
_CHDIR = "-chdir='/infra/my web'"


def located(directory: Path, *, declared: str | None, tool: str, left: str = "") -> str:
    """Return the error, as a stack has it, where `init` left `left` behind."""
    if left:
        (directory / ".terraform").mkdir()
        (directory / ".terraform" / "terraform.tfstate").write_text(left)
    with pytest.raises(PermanentError) as caught:
        locate_state(directory, workspace="default", environment={}, declared=declared, tool=tool)
    return f"{caught.value}; {caught.value.remedy}"


@_TOOLS
def test_a_backend_is_initialised_by_the_tool_of_the_stack(tmp_path: Path, tool: str) -> None:
    error = located(tmp_path, declared="s3", tool=tool)
    assert mending(failing(error)) == f"{tool} {_CHDIR} init"


@_TOOLS
def test_a_backend_that_changed_is_left_to_a_person(tmp_path: Path, tool: str) -> None:
    error = located(tmp_path, declared="s3", tool=tool, left='{"backend": {"type": "gcs"}}')
    assert f"`{tool} init -migrate-state` or `-reconfigure`" in error
    assert next_command(failing(error)) == "trueup doctor"


@_TOOLS
def test_a_backend_is_not_begun_anew_over_a_broken_file(tmp_path: Path, tool: str) -> None:
    error = located(tmp_path, declared="s3", tool=tool, left="{")
    assert f"remove it and run `{tool} init -reconfigure`" in error
    assert next_command(failing(error)) == "trueup doctor"


@_TOOLS
def test_a_provider_is_installed_by_the_tool_of_the_stack(tmp_path: Path, tool: str) -> None:
    source = "registry.example.org/acme/world"
    (tmp_path / LOCK_FILE).write_text(f'provider "{source}" {{\n  version = "1.0.0"\n}}\n')
    found = installed_providers(tmp_path, data_dir=tmp_path / ".terraform", tool=tool)
    assert found.missing is not None
    error = f"{found.missing}; {found.missing.remedy}"
    assert mending(failing(error)) == f"{tool} {_CHDIR} init"
