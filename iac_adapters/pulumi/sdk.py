"""Pulumi's Python SDK in trueup's own environment, which only the extra `pulumi` brings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.project import Project
from reconciler.domain.errors import PermanentError

REMEDY: Final = "install trueup with the extra: `pipx install 'trueup[pulumi]'`"
_OWN_VIRTUALENV: Final = ("uv", "poetry")


def sdk_installed() -> bool:
    """Tell whether our own interpreter can import the SDK, without importing it."""
    return find_spec("pulumi") is not None


def require_sdk(what: str) -> None:
    """Do nothing where the SDK is installed.

    Raises:
        PermanentError: it is not, so `what` cannot be had; the remedy names the extra.
    """
    if not sdk_installed():
        raise PermanentError(
            f"{what} needs Pulumi's Python SDK, and it is not installed beside trueup",
            remedy=REMEDY,
        )


def virtualenv_python(project: Project) -> Path | None:
    """Return the Python of the virtualenv that the project names; None where it names none."""
    named = project.options.get("virtualenv")
    if not named and project.options.get("toolchain") in _OWN_VIRTUALENV:
        named = ".venv"
    if isinstance(named, str) and named:
        return project.directory / named / "bin" / "python"
    return None


def program_python(project: Project, environment: Mapping[str, str]) -> str:
    """Return the Python that runs the project's programs.

    Without a virtualenv this is `PULUMI_PYTHON_CMD`, else our own where the SDK is in it,
    else the `python3` that Pulumi itself takes.
    """
    if (own := virtualenv_python(project)) is not None:
        return str(own)
    return environment.get("PULUMI_PYTHON_CMD") or (
        sys.executable if sdk_installed() else "python3"
    )


def host_python(project: Project) -> str | None:
    """Return a Python that has the SDK, for the stand-in; None where none is known to have it."""
    if sdk_installed():
        return sys.executable
    own = virtualenv_python(project)
    return str(own) if own is not None and own.exists() else None
