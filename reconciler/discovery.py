"""Stacks found below a folder, by what the installed tools recognise."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from reconciler.domain.errors import PermanentError
from reconciler.ports import AdapterFactory, Claim, DiscoveredStack, LeftOut

_SKIPPED: Final = frozenset(
    {
        ".git",
        ".terraform",
        ".terragrunt-cache",
        ".pulumi",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
    }
)


class DiscoveringTools(Protocol):
    """The installed tools, as far as discovery asks for them."""

    def claims(self, directory: Path) -> Mapping[str, Claim]:
        """Return how strongly each tool claims `directory`.

        Raises:
            PermanentError: it cannot be listed.
        """
        ...

    def factory(self, tool: str) -> AdapterFactory:
        """Return the factory that is registered as `tool`."""
        ...


@dataclass(frozen=True, slots=True)
class FoundStack:
    """One stack; `name` is unique among those found together, `lines` are its options as TOML."""

    name: str
    directory: Path
    tool: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """The stacks below a folder by directory, and the files that no stack was made of."""

    stacks: tuple[FoundStack, ...]
    left_out: tuple[LeftOut, ...] = ()


def discover_stacks(root: Path, tools: DiscoveringTools) -> Discovery:
    """Return every stack at or below `root`, sorted by directory, and what was left out.

    Symbolic links to directories are not followed, so a loop of them is harmless.
    """
    claimed: dict[str, list[Path]] = {}
    for folder in _folders(root.resolve()):
        try:
            claims = tools.claims(folder)
        except PermanentError:
            continue  # it vanished meanwhile, or may not be listed
        for tool in sorted(claims):
            if claims[tool] == max(claims.values()):
                claimed.setdefault(tool, []).append(folder)
                break
    found: list[tuple[DiscoveredStack, str]] = []
    left_out: list[LeftOut] = []
    for tool, folders in claimed.items():
        for answer in tools.factory(tool).discover(folders):
            if isinstance(answer, LeftOut):
                left_out.append(answer)
            else:
                found.append((answer, tool))
    return Discovery(
        _named(root.resolve(), sorted(found, key=lambda pair: pair[0].directory)),
        tuple(sorted(left_out, key=lambda entry: entry.file)),
    )


def _folders(root: Path) -> Iterator[Path]:
    for folder, below, _ in os.walk(root, followlinks=False):
        below[:] = sorted(name for name in below if name not in _SKIPPED)
        yield Path(folder)


def _named(root: Path, found: Sequence[tuple[DiscoveredStack, str]]) -> tuple[FoundStack, ...]:
    """Name each after its directory, and by its whole path where two would share a name."""
    short = [stack.directory.name or "root" for stack, _ in found]
    return tuple(
        FoundStack(
            name=name if short.count(name) == 1 else _path_name(root, stack.directory, name),
            directory=stack.directory,
            tool=tool,
            lines=stack.lines,
        )
        for name, (stack, tool) in zip(short, found, strict=True)
    )


def _path_name(root: Path, folder: Path, name: str) -> str:
    return "-".join(folder.relative_to(root).parts) or name
