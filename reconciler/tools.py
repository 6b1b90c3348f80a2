"""External programs: where they are, which version answers, what their lack costs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.domain.xdg_folders import program_folders

_VERSION: Final = re.compile(r"\d+\.\d+(?:\.\d+)?(?:-[0-9A-Za-z.]+)?")
_VERSION_LIMIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Tool:
    """One external program or plugin.

    `lack` is None, or what is missing and what that costs; `note` is what is worth knowing
    about one that is there.
    """

    name: str
    path: Path | None
    version: str | None
    lack: str | None = None
    note: str | None = None

    @property
    def found(self) -> bool:
        """Whether it is there and works."""
        return self.path is not None and self.lack is None


@dataclass(frozen=True, slots=True)
class _Program:
    name: str
    ask: tuple[str, ...]
    cost: str


_PROGRAMS: Final = (
    _Program("go", ("version",), "`trueup doctor --fix` cannot build tofu and pulumi"),
    _Program("git", ("--version",), "code revisions are told apart by content only"),
    _Program("psql", ("--version",), "nothing, unless you look into PostgreSQL by hand"),
)


def find_program(name: str, environment: Mapping[str, str]) -> Path | None:
    """Return `name` from PATH or trueup's tool folder."""
    folders = program_folders(environment)
    return next((path for folder in folders if _runnable(path := folder / name)), None)


def program_version(path: Path, *ask: str) -> str | None:
    """Return the first version number in what `path ASK...` prints; None without an answer."""
    try:
        result = subprocess.run(
            [str(path), *ask],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_LIMIT_S,
            check=True,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(result.stdout)
    return found.group(0) if found else None


def survey_programs(environment: Mapping[str, str]) -> tuple[Tool, ...]:
    """Return every program of ours that belongs to no adapter, found or not."""
    return tuple(_survey(program, environment) for program in _PROGRAMS)


def _survey(program: _Program, environment: Mapping[str, str]) -> Tool:
    path = find_program(program.name, environment)
    if path is None:
        return Tool(program.name, None, None, f"not found: {program.cost}")
    version = program_version(path, *program.ask)
    lack = None if version else f"does not tell its version: {program.cost}"
    return Tool(program.name, path, version, lack)


def _runnable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
