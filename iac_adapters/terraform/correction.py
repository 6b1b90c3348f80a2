"""The command that does exactly what a saved plan says; run by the runner, never here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from iac_adapters.terraform.command import QUIET, chdir
from iac_adapters.terraform.context import Context
from reconciler.ports import RunnerJob

PLAN_FILE: Final = "plan.bin"
_LOCK_PATIENCE_S: Final = 300
# Arguments would change what is done, and variables are refused beside a saved plan; a
# debug log holds every secret there is.
_DROPPED: Final = ("TF_CLI_ARGS", "TF_LOG")


def correction_job(context: Context, *, folder: Path) -> RunnerJob:
    """Return the command for the plan saved in `folder`, with all the environment it gets."""
    return RunnerJob(
        argv=(
            str(context.executable),
            *chdir(context.directory, context.called_from),
            "apply",
            "-input=false",
            "-json",
            f"-lock-timeout={_LOCK_PATIENCE_S}s",
            *_asked_again(context),
            str((folder / PLAN_FILE).absolute()),
        ),
        directory=context.called_from.absolute(),
        environment=applying(context.environment),
    )


def _asked_again(context: Context) -> tuple[str, ...]:
    """Return the files of variables for the ephemeral ones, which no saved plan holds.

    Values that the plan does hold may be given beside it as long as they are the same.
    """
    return context.plan_arguments if context.source.ephemeral_variables else ()


def applying(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` as a command needs it that works on a saved plan."""
    kept = {k: v for k, v in environment.items() if not k.startswith(_DROPPED)}
    return {**kept, **QUIET}
