"""Which blocks have a program run whenever the stack is read, and the refusal of those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iac_adapters.terraform.context import Context
from reconciler.domain.errors import PermanentError

# Source: hashicorp/external and hashicorp/local run the program when the data source is
# read; the resource of scottwinkler/shell runs its `read` script when it is refreshed.
_RUNNING: Final = frozenset(
    {
        ("data", "external"),
        ("data", "local_command"),
        ("data", "shell_script"),
        ("managed", "shell_script"),
    }
)
_REMEDY: Final = "take it out of the code, or set `run_code = true` for this stack"


def refuse_code(context: Context) -> None:
    """Return when no block of the stack has a program run during a scan.

    Raises:
        PermanentError: one has, or it cannot be told of all of the code.
    """
    for what in _found(context):
        raise PermanentError(
            f"{what} runs a program at each scan, and `run_code = false` forbids that",
            remedy=_REMEDY,
        )
    for warning in context.source.warnings:
        # What could not be read may hold any block.
        raise PermanentError(
            f"{context.directory}: trueup cannot tell whether its code runs programs, and"
            f" `run_code = false` forbids that: {warning}",
            remedy="correct what is named above, or set `run_code = true` for this stack",
        )


def _found(context: Context) -> Iterator[str]:
    for block in context.source.blocks.values():
        if (block.mode, block.type) in _RUNNING:
            yield f"{context.directory / block.file}:{block.line}: {block.address}"
    for instance in context.state.instances:
        # Code decides which data sources are read; what is managed is, while it is recorded.
        if instance.mode == "managed" and (instance.mode, instance.type) in _RUNNING:
            yield f"{context.directory}: {instance.address}, which the state holds,"
