"""What a stack may say to Terraform and OpenTofu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.checked_values import ExistingDirectory, ExistingFile, Name
from reconciler.stack_options import StackOptions

_DEFAULT_WORKSPACE: Final = "default"


class TerraformOptions(StackOptions):
    """The keys of `[[stack]]` for a root module."""

    workspace: Name | None = None
    """Which workspace is read; that selected in the directory, unless given."""
    var_files: tuple[ExistingFile, ...] = ()
    """Variables, as `-var-file` takes them."""
    working_directory: ExistingDirectory | None = None
    """Where terraform is called from, with `-chdir`; the directory itself, unless given."""
    run_code: bool = True
    """Whether data sources of the stack may run programs when they are read."""

    def instance(self, environment: Mapping[str, str]) -> str:
        """Return the workspace an apply would write to."""
        return self.workspace or environment.get("TF_WORKSPACE") or _DEFAULT_WORKSPACE
