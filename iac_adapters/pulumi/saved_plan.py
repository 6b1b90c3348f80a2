"""The file of a plan that is saved to be read at once, with its secrets in plain text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from iac_adapters.plugin_host.private_folder import private_folder


@asynccontextmanager
async def saved_plan() -> AsyncIterator[Path]:
    """Yield where `--save-plan` may write; it is gone after the block.

    Of a process that is killed within it, the next one sweeps what lies there.
    """
    async with private_folder() as folder:
        yield folder / "plan.json"
