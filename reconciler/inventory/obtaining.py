"""Obtains external programs, by the same scripts as `make setup`: they are data of the package."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.programs import BRIDGE, PULUMI
from iac_adapters.terraform.executable import TERRAFORM, TOFU
from reconciler.domain.errors import PermanentError
from reconciler.tools import Tool

OBTAINABLE: Final = (TOFU, PULUMI, f"pulumi-resource-{BRIDGE}")
"""What can be obtained; terraform is found, never installed."""

_PULUMI_FILES: Final = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


def lacking(tools: Iterable[Tool], directories: Iterable[Path]) -> tuple[str, ...]:
    """Return what the stacks in `directories` need, is not there, and can be obtained.

    tofu where there is no terraform either, unless every directory is a Pulumi project;
    Pulumi where one of them is.
    """
    absent = {tool.name for tool in tools if tool.path is None}
    projects = [_is_project(directory) for directory in directories]
    needed = []
    if {TERRAFORM, TOFU} <= absent and not (projects and all(projects)):
        needed.append(TOFU)
    if PULUMI in absent and any(projects):
        needed.append(PULUMI)
    return tuple(needed)


def unneeded(tools: Iterable[Tool], directories: Iterable[Path]) -> tuple[Tool, ...]:
    """Return what is not there and belongs to Pulumi, where no directory is a project of its."""
    if any(_is_project(directory) for directory in directories):
        return ()
    return tuple(tool for tool in tools if not tool.found and tool.name.startswith(PULUMI))


def obtain(names: Sequence[str]) -> None:
    """Run the set-up for `names`; what it does is told on stderr as it happens.

    Interrupted, it is interrupted as well and waited for, so that nothing half-made is left.

    Raises:
        PermanentError: the scripts are not where they are installed.
    """
    script = _folder() / "build.py"
    if not script.is_file():
        raise PermanentError(f"{script} is missing", remedy="install trueup again")
    # A session of its own: Ctrl-C reaches it once, from us, and not also from the terminal.
    process = subprocess.Popen(
        [sys.executable, str(script), *names],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        start_new_session=True,
    )
    try:
        process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise


def require_obtained(names: Iterable[str], tools: Iterable[Tool]) -> None:
    """Do nothing where every one of `names` is found among `tools`.

    Raises:
        PermanentError: one is not; the message says which, and why where that is known.
    """
    known = {tool.name: tool for tool in tools}
    for name in names:
        tool = known[name]
        if tool.found:
            continue
        if tool.path is not None:
            raise PermanentError(
                f"{tool.path} is there and cannot be used: {tool.lack}",
                remedy=f"update it or remove it, then run `trueup doctor --fix {name}` again",
            )
        raise PermanentError(
            f"{name} could not be obtained; the reason is above",
            remedy=f"install {name} yourself, and see that it is on PATH",
        )


def _folder() -> Path:
    """Return the scripts' folder: inside the package where it is installed, else beside it."""
    package = Path(__file__).parents[1]
    installed = package / "toolchain"
    return installed if installed.is_dir() else package.parent / "toolchain"


def _is_project(directory: Path) -> bool:
    return any((directory / name).is_file() for name in _PULUMI_FILES)
