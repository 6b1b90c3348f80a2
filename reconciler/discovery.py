"""Stacks found below a folder: Terraform root modules and Pulumi projects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.bounded_files import open_regular

_SKIPPED: Final = frozenset(
    {".git", ".terraform", ".pulumi", "node_modules", ".venv", "venv", "__pycache__"}
)
_PULUMI_FILES: Final = frozenset({"Pulumi.yaml", "Pulumi.yml"})
_CODE_ENDINGS: Final = (".tf", ".tofu", ".tf.json", ".tofu.json")
_ROOT_BLOCK: Final = re.compile(
    r'^\s*(?:terraform\s*\{|provider\s+"|"(?:terraform|provider)"\s*:)', re.MULTILINE
)
_LOCAL_MODULE: Final = re.compile(r'^\s*"?source"?\s*[=:]\s*"(\.{1,2}/[^"]*)"', re.MULTILINE)
_STATE_NAMES: Final = ("terraform.tfstate", "terraform.tfstate.d", ".terraform")
_MOST_CODE_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class FoundStack:
    """One stack; `name` is unique among those found together, `pulumi_stack` may be unknown."""

    name: str
    directory: Path
    tool: str
    pulumi_stacks: tuple[str, ...] = ()


def discover_stacks(root: Path) -> tuple[FoundStack, ...]:
    """Return every stack at or below `root`, sorted by directory.

    A directory called as a module by another is no stack. Symbolic links to directories
    are not followed, so a loop of them is harmless.
    """
    code: dict[Path, str] = {}
    projects: list[Path] = []
    for folder, files in _folders(root.resolve()):
        if _PULUMI_FILES & set(files):
            projects.append(folder)
        elif names := [name for name in files if name.endswith(_CODE_ENDINGS)]:
            code[folder] = "\n".join(_text(folder / name) for name in names)
    called = {
        Path(os.path.normpath(folder / source))
        for folder, text in code.items()
        for source in _LOCAL_MODULE.findall(text)
    }
    roots = [f for f, text in code.items() if f not in called and _is_root(f, text)]
    return _named(root.resolve(), terraform=roots, pulumi=projects)


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    for folder, below, files in os.walk(root, followlinks=False):
        below[:] = sorted(name for name in below if name not in _SKIPPED)
        yield Path(folder), sorted(files)


def _text(file: Path) -> str:
    try:
        with open_regular(file) as stream:
            return stream.read(_MOST_CODE_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _is_root(folder: Path, text: str) -> bool:
    return bool(_ROOT_BLOCK.search(text)) or any((folder / name).exists() for name in _STATE_NAMES)


def _named(root: Path, *, terraform: list[Path], pulumi: list[Path]) -> tuple[FoundStack, ...]:
    """Name each after its directory, and by its whole path where two would share a name."""
    folders = sorted([*((f, "terraform") for f in terraform), *((f, "pulumi") for f in pulumi)])
    short = [folder.name or "root" for folder, _ in folders]
    return tuple(
        FoundStack(
            name=name if short.count(name) == 1 else _path_name(root, folder, name),
            directory=folder,
            tool=tool,
            pulumi_stacks=_pulumi_stacks(folder) if tool == "pulumi" else (),
        )
        for name, (folder, tool) in zip(short, folders, strict=True)
    )


def _path_name(root: Path, folder: Path, name: str) -> str:
    return "-".join(folder.relative_to(root).parts) or name


def _pulumi_stacks(folder: Path) -> tuple[str, ...]:
    """Return the stacks that have a settings file, `Pulumi.NAME.yaml`."""
    names = (path.name.split(".") for path in folder.glob("Pulumi.*.y*ml"))
    return tuple(sorted(".".join(parts[1:-1]) for parts in names))
