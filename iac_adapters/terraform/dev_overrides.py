"""Providers that the CLI configuration says to run from a folder of their developer's.

What of it cannot be read, and what the tool itself passes over, is warned of: the tool would run
another plugin than somebody means it to.
Source: internal/command/cliconfig of Terraform 1.11 and OpenTofu 1.11 (provider_installation.go).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.terraform.cli_configuration import (
    Body,
    Item,
    cli_configuration_files,
    parse_configuration,
)
from reconciler.bounded_files import UnfitFileError, read_text
from reconciler.domain.errors import PermanentError

_INSTALLATION: Final = "provider_installation"
_OVERRIDES: Final = "dev_overrides"
_REGISTRIES: Final = {"terraform": "registry.terraform.io", "tofu": "registry.opentofu.org"}
_DEFAULTS: Final = "hashicorp"
_PARTS: Final = 3
_UNREAD: Final = "no provider is run from a folder that dev_overrides in it may name"
# An object of nothing but objects gives way to these, so that the tool sees no block.
_FLAT: Final = 'in JSON the methods beside it must be lists, as in `"direct": [{}]`'


@dataclass(frozen=True, slots=True)
class DevOverrides:
    """Folders by the source of the provider that is run from them, as `file` says.

    `warnings` say what of the CLI configuration is not followed.
    """

    file: Path | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def warning(self, source: str) -> str:
        """Return what a scan says about an override that it follows."""
        return (
            f"{source} is run from {self.folders[source]}, as dev_overrides in {self.file}"
            " says; the lock file does not apply to it"
        )


def dev_overrides(
    environment: Mapping[str, str], *, tool: str, called_from: Path, directory: Path
) -> DevOverrides:
    """Return the overrides that are in force for `tool`; the CLI configuration is read.

    The tool reads it where it is called from, and looks for the folders that it names by a
    relative path in the stack's `directory`, where `-chdir` has brought it by then.

    Raises:
        PermanentError: a file of it blocks who reads it, the tool too, or is huge.
    """
    warnings: list[str] = []
    blocks = list(_installations(environment, tool, called_from, warnings))
    if not blocks:
        return DevOverrides(warnings=tuple(warnings))
    file, first = blocks[0]
    entries, problem = _entries(first)
    if problem:
        warnings.append(_passed_over(file, problem))
    for other, item in blocks[1:]:
        if _is_flat(item):
            warnings.append(_passed_over(other, _FLAT))
        elif not _is_flat(first):
            warnings.append(
                f"{other}: a second {_INSTALLATION} block is not followed: {tool} takes the first,"
                f" in {file}"
            )
    folders = {_qualified(source, tool): directory / path for source, path in entries.items()}
    return DevOverrides(file, folders, tuple(warnings))


def _passed_over(file: Path, problem: str) -> str:
    return f"{file}: {_OVERRIDES} is passed over, as by the tool: {problem}"


def _is_flat(block: Item) -> bool:
    return _OVERRIDES in block.keys


def _installations(
    environment: Mapping[str, str], tool: str, called_from: Path, warnings: list[str]
) -> Iterator[tuple[Path, Item]]:
    """Yield each block that says where providers come from; what cannot be read is noted."""
    try:
        found = cli_configuration_files(environment, tool=tool, called_from=called_from)
    except OSError as error:
        warnings.append(f"{error.filename}: {error.strerror}: {_UNREAD}")
        return
    for file in found.files:
        try:
            body = parse_configuration(read_text(file, errors="replace"))
        except OSError as error:
            if _is_null_device(file):
                continue
            # A folder is refused at once; what else is not regular blocks the tool for good.
            if isinstance(error, UnfitFileError) and not file.is_dir():
                raise _blocking(file, tool, error) from error
            warnings.append(f"{file}: {error.strerror}: {_UNREAD}")
        except ValueError as error:
            warnings.append(f"{file}: {error}: {_UNREAD}")
        else:
            yield from ((file, item) for item in body if item.keys[0] == _INSTALLATION)


def _is_null_device(file: Path) -> bool:
    """Whether it is that by whatever name: people link their settings there to have none."""
    try:
        return file.samefile(os.devnull)
    except OSError:
        return False


def _blocking(file: Path, tool: str, error: OSError) -> PermanentError:
    huge = error.errno == errno.EFBIG
    what = "shorten it" if huge else "put a regular file in its place"
    return PermanentError(
        f"{file}: {error.strerror}", remedy=f"{what}; {tool} reads its settings there"
    )


def _entries(block: Item) -> tuple[dict[str, str], str]:
    """Return the folders by source that a block names, or why it names none that count."""
    if not block.is_block or not isinstance(block.value, tuple):
        return {}, f"{_INSTALLATION} must be a block, without an equals sign"
    if _is_flat(block):
        return {}, _FLAT
    before = False
    for method in block.value:
        if method.keys[0] != _OVERRIDES:
            before = before or isinstance(method.value, tuple)
        elif before:
            return {}, "it must stand before all other methods"
        elif not method.is_block or not isinstance(method.value, tuple):
            return {}, "it must be a block, without an equals sign"
        else:
            return _folders(method.value)
    return {}, ""


def _folders(body: Body) -> tuple[dict[str, str], str]:
    folders = {item.keys[0]: item.value for item in body}
    texts = {source: folder for source, folder in folders.items() if isinstance(folder, str)}
    odd = sorted(folders.keys() - texts.keys())
    return ({}, f"{odd[0]} must be a text") if odd else (texts, "")


def _qualified(source: str, tool: str) -> str:
    """Return `source` with its host; the tool's own registry is left out by most."""
    parts = source.lower().split("/")
    defaults = [_REGISTRIES[tool], _DEFAULTS]
    return "/".join([*defaults[: max(0, _PARTS - len(parts))], *parts])
