"""The command that does exactly what a saved plan says; run by the runner, never here."""

from __future__ import annotations

import sys
from pathlib import Path

from iac_adapters.pulumi.context import Context
from reconciler.ports import RunnerJob

_DROPPED = ("PULUMI_DEBUG", "PULUMI_LOG", "PULUMI_OPTION_TARGET", "TF_LOG")


def correction_job(context: Context, *, folder: Path) -> RunnerJob:
    """Return the command for the plan saved in `folder`, with all the environment it gets."""
    kept = {k: v for k, v in context.cli.environment.items() if not k.startswith(_DROPPED)}
    return RunnerJob(
        # -P: nothing in the project's own directory may pass for one of our modules.
        argv=(
            sys.executable,
            "-P",
            "-m",
            "iac_adapters.pulumi.update_job",
            str(folder.absolute()),
        ),
        directory=context.project.directory.absolute(),
        environment={**kept, "NO_COLOR": "1"},
    )
