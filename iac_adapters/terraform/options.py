"""What a stack may say to Terraform and OpenTofu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from iac_adapters.terraform.workspace import DEFAULT_WORKSPACE, is_workspace_name
from reconciler.checked_values import ExistingDirectory, ExistingFile
from reconciler.field_rules import Rule
from reconciler.stack_options import StackOptions


def _is_name(name: str) -> str:
    if not is_workspace_name(name):
        message = f"{name[:90]!r} cannot be a workspace's name (letters, digits and - _ . ~)"
        raise ValueError(message)
    return name


class TerraformOptions(StackOptions):
    """The keys of `[[stack]]` for a root module."""

    workspace: Annotated[str, Rule(check=_is_name)] | None = None
    """Which workspace is read; that selected in the directory, unless given."""
    var_files: tuple[ExistingFile, ...] = ()
    """Variables, as `-var-file` takes them."""
    working_directory: ExistingDirectory | None = None
    """Where terraform is called from, with `-chdir`; the directory itself, unless given."""
    run_code: bool = True
    """Whether data sources of the stack may run programs when they are read."""
    children: Literal["auto", "all", "none"] | None = None
    """How much a scan asks for children that nobody declared: a tenth of its calls (`auto`)."""
    children_left_out: tuple[str, ...] = ()
    """Types of children that are not asked for, as globs."""

    def instance(self, environment: Mapping[str, str]) -> str:
        """Return the workspace an apply would write to."""
        return self.workspace or environment.get("TF_WORKSPACE") or DEFAULT_WORKSPACE
