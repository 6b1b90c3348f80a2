"""Run one terraform or tofu command to its end, without it asking or announcing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.command import ToolRun, run_command

__all__ = ["QUIET", "ToolRun", "run_tool"]

QUIET: Final = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


def chdir(directory: Path, called_from: Path | None) -> tuple[str, ...]:
    """Return the option for a root module that is not where the tool is called from.

    `path.cwd` is then the latter, and a relative TF_CLI_CONFIG_FILE lies there; providers
    run in the root module all the same.
    """
    if called_from in (None, directory):
        return ()
    return (f"-chdir={directory.absolute()}",)


async def run_tool(  # noqa: PLR0913 - all that a command depends on
    executable: Path,
    arguments: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    called_from: Path | None = None,
    holds_lock: bool = False,
) -> ToolRun:
    """Return how `executable` ended; see `run_command`, whose errors it raises.

    `directory` is the root module. Called from elsewhere, the tool is told so by `-chdir`.
    """
    return await run_command(
        executable,
        [*chdir(directory, called_from), *arguments],
        directory=called_from or directory,
        environment={**environment, **QUIET},
        timeout_s=timeout_s,
        holds_lock=holds_lock,
    )
