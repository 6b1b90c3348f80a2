"""The project that children are destroyed in: apart from the stack's, with a record of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from iac_adapters.children.apart import scratch_of
from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.correction import job_of
from reconciler.ports import RunnerJob

PROJECT: Final = "trueup-removal"
STACK: Final = "removal"
PASSPHRASE_FILE: Final = "passphrase"  # noqa: S105 - a file's name
_STATE: Final = "state"
_OF_THE_STACK: Final = (
    "PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_CONFIG", "PULUMI_ACCESS_TOKEN",
)  # fmt: skip
"""Names begin so that say where the stack's record is, what it is configured with, and its key."""


def place_of(folder: Path) -> Place:
    """Return where the record apart is."""
    root = scratch_of(folder.absolute()) / _STATE
    return Place(f"file://{root}", PROJECT, STACK, root)


def cli_of(context: Context, folder: Path) -> Cli:
    """Return the stack's CLI, plugins and credentials, for the project apart."""
    scratch = scratch_of(folder.absolute())
    kept = {
        name: value
        for name, value in context.cli.environment.items()
        if not name.startswith(_OF_THE_STACK)
    }
    return replace(
        context.cli,
        directory=scratch,
        stack=STACK,
        environment={
            **kept,
            "PULUMI_BACKEND_URL": place_of(folder).url,
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(scratch / PASSPHRASE_FILE),
        },
        program=(),
    )


def removal_job(context: Context, *, folder: Path) -> RunnerJob:
    """Return the command that does exactly what the plan saved in `folder` says."""
    return job_of(cli_of(context, folder), directory=scratch_of(folder.absolute()), folder=folder)
