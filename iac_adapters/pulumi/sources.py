"""One digest of all that an evaluated program depends on, as far as it can be seen.

What a program asks of a cloud (`invoke`), of other stacks or of the clock is not in it.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from iac_adapters.revision import Revision

_NO_SOURCES: Final = frozenset({"node_modules", "venv", "__pycache__", "bin", "obj", "target"})
_MOST_FILES: Final = 20_000


def add_cli(revision: Revision, program: Path) -> None:
    """Take in which CLI evaluates."""
    revision.add("cli", f"{program} {_stamp(program.stat())}")


def add_sources(
    revision: Revision, folders: Collection[Path], *, without: Collection[Path] = ()
) -> None:
    """Take in every file the program may be made of, by size and time of change.

    That is all below `folders`, but for what lies in the folders `without`.
    """
    pending, count, left_out = sorted(folders), 0, {str(one) for one in without}
    while pending:
        for entry in _entries(pending.pop()):
            if entry.name.startswith(".") or entry.name in _NO_SOURCES or entry.path in left_out:
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            elif count < _MOST_FILES:
                count += 1
                revision.add(entry.path, _stamp(entry.stat(follow_symlinks=False)))


def identity_of(program: Callable[[], object]) -> str:
    """Return what tells one version of a program from another, as far as its file does."""
    name = f"{getattr(program, '__module__', '')}.{getattr(program, '__qualname__', program)}"
    try:
        status = Path(inspect.getsourcefile(program) or "").stat()
    except (TypeError, OSError):
        return name
    return f"{name} {status.st_size} {status.st_mtime_ns}"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda one: one.name)
    except OSError:
        return []


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns}"
