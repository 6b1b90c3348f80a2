"""From a stack of Pulumi's Automation API to one that trueup reads: local and inline programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from iac_adapters.pulumi.options import InlineOptions
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import StackName
from reconciler.ports import StackReference

if TYPE_CHECKING:
    from pulumi import automation


def reference_of(
    stack: automation.Stack, *, name: str | None = None, dynamic_providers: bool = False
) -> StackReference:
    """Return how to read `stack`: its directory, environment, CLI and inline program.

    Raises:
        PermanentError: its workspace is none on this machine.
    """
    workspace = stack.workspace
    work_dir = getattr(workspace, "work_dir", None)
    if not work_dir:
        raise PermanentError(
            f"{stack.name}: its workspace has no directory on this machine",
            remedy="use a LocalWorkspace; remote ones are run by Pulumi Cloud alone",
        )
    directory = Path(work_dir).resolve()
    environment = {key: str(value) for key, value in (workspace.env_vars or {}).items()}
    if workspace.pulumi_home:
        environment["PULUMI_HOME"] = str(workspace.pulumi_home)
    command = getattr(getattr(workspace, "pulumi_command", None), "command", None)
    if isinstance(command, str) and os.path.isabs(command):  # noqa: PTH117 - it is text
        environment["TRUEUP_PULUMI"] = command
    return StackReference(
        name=StackName(name or stack.name.rpartition("/")[2]),
        directory=directory,
        tool="pulumi",
        environment=environment,
        options=InlineOptions(
            pulumi_stack=stack.name,
            dynamic_providers=dynamic_providers,
            program=workspace.program,
        ),
    )
