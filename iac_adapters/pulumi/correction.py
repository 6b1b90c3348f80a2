"""The command that does exactly what a saved plan says; run by the runner, never here."""

from __future__ import annotations

import sys
from pathlib import Path

from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.context import Context
from reconciler.ports import RunnerJob


def correction_job(context: Context, *, folder: Path) -> RunnerJob:
    """Return the command for the plan saved in `folder`, with all the environment it gets."""
    return job_of(context.cli, directory=context.project.directory.absolute(), folder=folder)


def job_of(cli: Cli, *, directory: Path, folder: Path) -> RunnerJob:
    """Return the command that does the job kept in `folder`, run in `directory`."""
    return RunnerJob(
        # -P: nothing in the project's own directory may pass for one of our modules.
        argv=(
            sys.executable,
            "-P",
            "-m",
            "iac_adapters.pulumi.update_job",
            str(folder.absolute()),
        ),
        directory=directory,
        environment={**cli.undisturbed, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
