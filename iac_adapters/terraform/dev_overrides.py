"""Providers that the CLI configuration says to run from a folder of their developer's.

Source: internal/command/cliconfig of Terraform 1.11 (cliconfig.go, provider_installation.go);
OpenTofu looks for ~/.tofurc first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

_BLOCK: Final = re.compile(r"\bdev_overrides\s*=?\s*\{([^}]*)\}")
_ENTRY: Final = re.compile(r'^\s*"([^"\n]+)"\s*[=:]\s*"([^"\n]+)"', re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*(#|//).*$", re.MULTILINE)
_REGISTRIES: Final = {"terraform": "registry.terraform.io", "tofu": "registry.opentofu.org"}
_FILES: Final = {"terraform": (".terraformrc",), "tofu": (".tofurc", ".terraformrc")}
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class DevOverrides:
    """Folders by the source of the provider that is run from them, as `file` says."""

    file: Path
    folders: Mapping[str, Path] = field(default_factory=dict)

    def warning(self, source: str) -> str:
        """Return what a scan says about an override that it follows."""
        return (
            f"{source} is run from {self.folders[source]}, as dev_overrides in {self.file}"
            " says; the lock file does not apply to it"
        )


def dev_overrides(environment: Mapping[str, str], *, tool: str, called_from: Path) -> DevOverrides:
    """Return the overrides that are in force for `tool`.

    Raises:
        PermanentError: the configuration file that a variable names cannot be read.
    """
    named = environment.get("TF_CLI_CONFIG_FILE") or environment.get("TERRAFORM_CONFIG")
    home = Path(environment.get("HOME") or "/")
    candidates = [called_from / named] if named else [home / name for name in _FILES[tool]]
    for file in candidates:
        try:
            text = read_text(file, errors="replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            if not named:
                continue
            raise PermanentError(
                f"{file}: {error.strerror}", remedy="correct TF_CLI_CONFIG_FILE, or the file"
            ) from error
        return DevOverrides(file, dict(_entries(text, tool, called_from)))
    return DevOverrides(candidates[0])


def _entries(text: str, tool: str, called_from: Path) -> list[tuple[str, Path]]:
    block = _BLOCK.search(_COMMENT.sub("", text))
    if block is None:
        return []
    return [
        (_qualified(source, tool), called_from / Path(folder).expanduser())
        for source, folder in _ENTRY.findall(block.group(1))
    ]


def _qualified(source: str, tool: str) -> str:
    """Return `source` with its host; the tool's own registry is left out by most."""
    return source if source.count("/") + 1 == _PARTS else f"{_REGISTRIES[tool]}/{source}"
