"""The refusal of projects whose program would have to be run to know what is declared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.project import Project
from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

_RUNTIME: Final = re.compile(r"^runtime\s*:", re.MULTILINE)
# A program in YAML is none; but a compiler may make it, packages and plugins may lie beside it,
# and one of its functions runs a command when it is evaluated.
# Source: https://www.pulumi.com/docs/reference/pulumi-yaml/ (`runtime.options.compiler`,
# `plugins`, `packages`).
_COMPILER: Final = re.compile(r"\bcompiler[\"']?\s*:")
_PROGRAMS: Final = re.compile(r"^[\"']?(?:plugins|packages)[\"']?\s*:", re.MULTILINE)
_COMMAND: Final = re.compile(r"\bcommand:(?:local|remote):run\b", re.IGNORECASE)


def refuse_code(project: Project) -> None:
    """Return when evaluating the project runs no code.

    Raises:
        PermanentError: it has a program in a language, or calls a command; with file and line.
    """
    for place, what in _found(project):
        raise PermanentError(
            f"{place}: {what} at each scan, and `run_code = false` forbids that",
            remedy="set `run_code = true` for this stack, or stop watching it",
        )


def _found(project: Project) -> Iterator[tuple[str, str]]:
    if project.runtime != "yaml":
        text = read_text(project.file)
        place = f"{project.file}:{_line(text, _RUNTIME)}"
        yield place, f"the {project.runtime} program of {project.name} is run"
        return
    if project.options.get("compiler"):
        place = f"{project.file}:{_line(read_text(project.file), _COMPILER)}"
        yield place, f"the compiler of {project.name} is run"
    if project.local_programs:
        place = f"{project.file}:{_line(read_text(project.file), _PROGRAMS)}"
        yield place, f"the plugin {project.local_programs[0]} is run"
    for file in _yaml_files(project):
        text = read_text(file, errors="replace")
        if _COMMAND.search(text):
            yield f"{file}:{_line(text, _COMMAND)}", "a command is run"


def _yaml_files(project: Project) -> list[Path]:
    beside = project.working_directory.glob("*.y*ml")
    return sorted({project.file, *(file for file in beside if file.is_file())})


def _line(text: str, pattern: re.Pattern[str]) -> int:
    found = pattern.search(text)
    return 1 if found is None else text.count("\n", 0, found.start()) + 1
