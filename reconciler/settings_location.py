"""Which `trueup.toml` counts, and where the daemon of it answers: all that a client needs.

Light to import: reading the whole file takes half of the time of a short command.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.domain.xdg_folders import config_home, data_home

FILE_NAME: Final = "trueup.toml"
LISTEN: Final = "127.0.0.1:8427"
OVERRIDES: Final = {
    "TRUEUP_LISTEN": "listen",
    "TRUEUP_DATABASE": "database",
    "TRUEUP_DATA_DIR": "data_dir",
}
_ADDRESS: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}")


def find_settings_file(directory: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the nearest `trueup.toml` at or above `directory`, else the user's own."""
    return nearest_settings_file(directory) or own_settings_file(environment)


def nearest_settings_file(directory: Path) -> Path | None:
    """Return the nearest `trueup.toml` at or above `directory`.

    What has the name and is no file counts too, and is refused when it is read: in its place the
    stacks of the folder above would be scanned.
    """
    start = directory.resolve()
    places = (folder / FILE_NAME for folder in (start, *start.parents))
    return next((path for path in places if os.path.lexists(path)), None)


def own_settings_file(environment: Mapping[str, str]) -> Path | None:
    """Return the user's own `trueup.toml`, where there is one."""
    own = config_home(environment) / FILE_NAME
    return own if os.path.lexists(own) else None


@dataclass(frozen=True, slots=True)
class DaemonEndpoint:
    """Where a daemon answers (`HOST:PORT`), and where it keeps its data."""

    listen: str
    data_dir: Path


def daemon_endpoint(file: Path | None, environment: Mapping[str, str]) -> DaemonEndpoint | None:
    """Return what `file` and `environment` say of the daemon; nothing else of it is checked.

    None where that is not plain: whoever reads the whole file then says what is wrong.
    """
    # It loads asyncio, which a command's help needs not wait for.
    from reconciler.bounded_files import read_text  # noqa: PLC0415

    try:
        section: Any = tomllib.loads(read_text(file)).get("daemon", {}) if file else {}
        said = {key: environment[name] for name, key in OVERRIDES.items() if environment.get(name)}
        section = {**section, **said}
    except (OSError, ValueError, TypeError):
        return None
    listen, data_dir = section.get("listen", LISTEN), section.get("data_dir")
    if not isinstance(listen, str) or not _ADDRESS.fullmatch(listen):
        return None
    if data_dir is None:
        return DaemonEndpoint(listen, data_home(environment))
    if not isinstance(data_dir, str):
        return None
    base = Path() if file is None else file.resolve().parent
    return DaemonEndpoint(listen, Path(os.path.realpath(base / Path(data_dir).expanduser())))
