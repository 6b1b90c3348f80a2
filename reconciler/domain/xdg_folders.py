"""Where trueup keeps its own files: the XDG directories, computed from an environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of settings that belong to a user and to no project."""
    return _place(environment, "XDG_CONFIG_HOME", ".config")


def data_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of what must not be lost, and of trueup's own tools in `bin`."""
    return _place(environment, "XDG_DATA_HOME", ".local/share")


def cache_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of what can be made again."""
    return _place(environment, "XDG_CACHE_HOME", ".cache")


def state_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of logs."""
    return _place(environment, "XDG_STATE_HOME", ".local/state")


def program_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders of `PATH`, then trueup's own tool folder, in search order."""
    listed = environment.get("PATH", "").split(":")
    return (*(Path(folder) for folder in listed if folder), data_home(environment) / "bin")


def _place(environment: Mapping[str, str], variable: str, fallback: str) -> Path:
    # Source: XDG Base Directory Specification 0.8; a relative value must be ignored.
    value = environment.get(variable, "")
    base = Path(value) if value.startswith("/") else Path(environment.get("HOME", "/")) / fallback
    return base / "trueup"
