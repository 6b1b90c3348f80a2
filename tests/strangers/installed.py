"""Installs a stranger's package as its distribution would: a folder with metadata, on the path."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

_PACKAGES: Final = Path(__file__).parent
_METADATA: Final = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


def install(package: str, site: Path, *, tool: str, factory: str) -> Path:
    """Put `package` into the folder `site`, registered as `tool`; return `site`."""
    shutil.copytree(
        _PACKAGES / package,
        site / package,
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    return register(site, tool=tool, value=f"{package}.{factory}")


def register(site: Path, *, tool: str, value: str) -> Path:
    """Leave in `site` a distribution without code, whose entry point of the group is `value`."""
    metadata = site / f"{tool}-1.0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text(_METADATA.format(name=tool))
    (metadata / "entry_points.txt").write_text(f"[trueup.adapters]\n{tool} = {value}\n")
    return site
