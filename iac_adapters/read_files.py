"""Files of the user's that a provider reads by itself: their text, and whether it may be another.

A provider reads them once, when it is configured. One that runs on has what they said then.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from reconciler.bounded_files import read_text

_LARGEST_BYTES: Final = 1 << 20

Stamp: TypeAlias = tuple[int, int, int] | None
"""Inode, size and time of change; None of a file that is not there."""


class ReadFiles:
    """Reads files relative to a provider's directory, and notes which, and as of when."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self._home = environment.get("HOME") or "/"
        self._directory = directory
        self.stamps: dict[str, Stamp] = {}

    def text(self, file: str) -> str:
        """Return the text of `file` (`~/` is the home directory); empty when it has none for us."""
        path = self._path(file)
        self.stamps[str(path)] = _stamp(path)
        try:
            return read_text(path, most=_LARGEST_BYTES)
        except (OSError, ValueError):
            return ""

    def _path(self, file: str) -> Path:
        if file == "~" or file.startswith("~/"):
            return Path(self._home) / file[2:]
        return self._directory / file


def unchanged(stamps: Mapping[str, Stamp]) -> bool:
    """Whether each file is still the one it was when it was read."""
    return all(_stamp(Path(path)) == stamp for path, stamp in stamps.items())


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
