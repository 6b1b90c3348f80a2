"""Scans a deployed world the way the product does, through an adapter that stays open."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import StackName
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup, StackReference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from iac_adapters.terraform.options import TerraformOptions
    from reconciler.domain.model import StackReport
    from tests.worlds.deploy import Deployed

KEY = b"k" * 32


@dataclass(frozen=True, slots=True)
class Scanner:
    """One adapter and one stack: what it learnt in a scan it knows in the next."""

    scanning: Scanning
    reference: StackReference

    async def scan(self) -> StackReport:
        """Make one scan."""
        return await scan_stack(self.reference, scanning=self.scanning)


@asynccontextmanager
async def scanner(
    world: Deployed,
    cache: Path,
    *,
    engine: str = "plugin",
    options: TerraformOptions | None = None,
) -> AsyncIterator[Scanner]:
    """Open an adapter that knows only what `cache` holds; close it at the end."""
    adapter = TerraformAdapter(AdapterSetup(data_dir=cache / "data", cache_dir=cache, key=KEY))
    reference = StackReference(
        name=StackName(world.stack),
        directory=world.directory,
        tool="terraform",
        engine=engine,
        options=options,
        environment={**world.environment, "TRUEUP_TERRAFORM": str(world.executable)},
    )
    try:
        yield Scanner(Scanning(adapter, SystemClock(), judging(KEY)), reference)
    finally:
        await adapter.close()


def copied(world: Deployed, target: Path) -> Deployed:
    """Return the same world under a copy of its code, state and plugins, free to be edited."""
    shutil.copytree(world.directory, target, symlinks=True)
    return replace(world, directory=target)


def files_of(directory: Path) -> dict[Path, tuple[int, int]]:
    """Return every file's size and time of last change, the tool's own files included."""
    seen = {
        Path(folder, name): Path(folder, name).lstat()
        for folder, _, names in os.walk(directory)
        for name in names
    }
    return {path: (status.st_size, status.st_mtime_ns) for path, status in seen.items()}
