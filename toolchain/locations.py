"""Where tools are looked for, and where those we make are kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent


def on_path(name: str) -> Path | None:
    """Return the program that a shell would start."""
    found = shutil.which(name)
    return Path(found) if found else None


def runnable(path: Path) -> Path | None:
    """Return `path` where it is a program."""
    return path if path.is_file() and os.access(path, os.X_OK) else None


def first_runnable(paths: Iterable[Path]) -> Path | None:
    """Return the first of `paths` that is a program."""
    return next((path for path in paths if runnable(path)), None)


def own_folder() -> Path:
    """Return trueup's folder of what must not be lost; its tools are in `bin` there."""
    return _home("XDG_DATA_HOME", ".local/share")


def cache_folder() -> Path:
    """Return the folder of what was built here."""
    return _home("XDG_CACHE_HOME", ".cache") / "toolchain"


def pulumi_home() -> Path:
    """Return the folder of Pulumi's own installer and plugins."""
    named = os.environ.get("PULUMI_HOME")
    return Path(named) if named else Path.home() / ".pulumi"


def _home(variable: str, fallback: str) -> Path:
    # Source: XDG Base Directory Specification 0.8; a relative value must be ignored.
    value = os.environ.get(variable, "")
    return (Path(value) if value.startswith("/") else Path.home() / fallback) / "trueup"
