"""Which workspace of a root module is meant.

Source: internal/command/meta_backend.go of Terraform 1.11 (`WorkspaceOverridden`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

_MOST_BYTES: Final = 4096
DEFAULT_WORKSPACE: Final = "default"
_REMEDY: Final = "`terraform workspace list` shows the names"
_NAME: Final = re.compile(r"[A-Za-z0-9_.~-]{1,90}\Z")


def data_directory(directory: Path, environment: Mapping[str, str]) -> Path:
    """Return where Terraform keeps its own data of `directory`; honours TF_DATA_DIR."""
    return directory / (environment.get("TF_DATA_DIR") or ".terraform")


def selected_workspace(
    directory: Path, *, environment: Mapping[str, str], wanted: str | None = None
) -> str:
    """Return `wanted`, else TF_WORKSPACE, else the one `terraform workspace select` chose.

    Raises:
        PermanentError: the name cannot be a workspace's, or the choice cannot be read.
    """
    if wanted:
        return _checked(wanted, "workspace")
    if named := environment.get("TF_WORKSPACE"):
        return _checked(named, "TF_WORKSPACE")
    file = data_directory(directory, environment) / "environment"
    _refuse_led_out(file)
    try:
        name = read_text(file, most=_MOST_BYTES).strip()
    except (FileNotFoundError, NotADirectoryError):
        return DEFAULT_WORKSPACE
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise PermanentError(
            f"{file}: {reason}", remedy="`terraform workspace select NAME` writes it anew"
        ) from error
    if name and not is_workspace_name(name):
        # Never quoted: whoever wrote the file may have put somebody's secret there.
        raise PermanentError(f"{file}: holds no workspace's name", remedy=_REMEDY)
    return name or DEFAULT_WORKSPACE


def _refuse_led_out(file: Path) -> None:
    """Refuse a link out of its folder: names are shown, and this one would be a foreign file's."""
    if file.is_symlink() and not file.resolve().is_relative_to(file.parent.resolve()):
        raise PermanentError(
            f"{file}: is a link that leads out of its directory",
            remedy="`terraform workspace select NAME` writes it anew once the link is removed",
        )


def is_workspace_name(name: str) -> bool:
    """Whether terraform would take `name` for a workspace's."""
    return _NAME.match(name) is not None and name not in {".", ".."}


def _checked(name: str, origin: str) -> str:
    if is_workspace_name(name):
        return name
    raise PermanentError(
        f"{origin}: {name[:90]!r} cannot be a workspace's name",
        remedy=f"use letters, digits and - _ . ~ only; {_REMEDY}",
    )
