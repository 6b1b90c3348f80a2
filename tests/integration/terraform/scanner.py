"""Scans a deployed world the way the product does, through an adapter that stays open."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import StackName
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup, StackReference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

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
    """Open an adapter that knows only what `cache` holds; close it at the end.

    Within `schemas_kept` it also knows the schemas that an earlier one has asked for.
    """
    schemas = cache / "terraform" / "schemas"
    for kept in _kept:
        _link(kept, schemas)
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
        for kept in _kept:
            _link(schemas, kept)


@contextmanager
def schemas_kept(folder: Path) -> Iterator[None]:
    """Keep in `folder` what providers say of their types, for later scanners of the same stack.

    The AWS provider is started for that alone, and takes two seconds of processor time.
    """
    _kept.append(folder)
    try:
        yield
    finally:
        _kept.remove(folder)


_kept: Final[list[Path]] = []


def _link(source: Path, target: Path) -> None:
    """Have each file of `source` in `target` as well, unless one of that name is there."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir() if source.exists() else ():
        if not (target / file.name).exists():
            os.link(file, target / file.name)


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
