"""Run one terraform or tofu command to its end, without it asking or announcing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.command import ToolRun, run_command

__all__ = ["QUIET", "ToolRun", "run_tool"]

QUIET: Final = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


async def run_tool(
    executable: Path,
    arguments: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    holds_lock: bool = False,
) -> ToolRun:
    """Return how `executable` ended; see `run_command`, whose errors it raises."""
    return await run_command(
        executable,
        arguments,
        directory=directory,
        environment={**environment, **QUIET},
        timeout_s=timeout_s,
        holds_lock=holds_lock,
    )
