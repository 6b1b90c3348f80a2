"""Which entry points the installed distributions register, read from their metadata.

`importlib.metadata` imports email, csv and zipfile, and makes objects of every distribution: a
tenth of what a scan takes before its first read. It is asked where distributions may lie
elsewhere than in folders of `sys.path`.
Source: packaging.python.org/en/latest/specifications/entry-points
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Final, NamedTuple

_METADATA: Final = (".dist-info", ".egg-info")
_FILE: Final = "entry_points.txt"


class EntryPoint(NamedTuple):
    """A name of a group, and `module:attribute`, which it stands for."""

    name: str
    value: str

    def load(self) -> Any:
        """Return the attribute.

        Raises:
            Exception: whatever importing the module raises.
        """
        module, _, attributes = self.value.partition(":")
        found: Any = import_module(module.strip())
        for attribute in attributes.strip().split("."):
            found = getattr(found, attribute)
        return found


def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of `group`, in the order in which distributions are found."""
    if not _in_folders_alone():
        from importlib.metadata import entry_points as every  # noqa: PLC0415  see above

        return tuple(EntryPoint(point.name, point.value) for point in every(group=group))
    return tuple(point for text in _texts() for point in points_in(text, group))


def points_in(text: str, group: str) -> Iterator[EntryPoint]:
    """Yield the entry points of `group` that an `entry_points.txt` holds."""
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == group and line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield EntryPoint(name.strip(), value.partition("[")[0].strip())


def _in_folders_alone() -> bool:
    """Whether nothing is imported from archives or eggs, nor found by somebody else's finder."""
    others = (
        finder
        for finder in sys.meta_path
        if finder is not PathFinder and hasattr(finder, "find_distributions")
    )
    return next(others, None) is None and not any(
        place.endswith(".egg") or Path(place).is_file() for place in sys.path if place
    )


def _texts() -> Iterator[str]:
    """Yield what each distribution registers; of one that lies there twice, what comes first."""
    seen: set[str] = set()
    for folder in dict.fromkeys(sys.path):
        for name in _distributions(folder or "."):
            distribution = re.sub(r"[-_.]+", "_", name.partition("-")[0]).lower()
            if distribution not in seen:
                seen.add(distribution)
                try:
                    yield Path(folder, name, _FILE).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError):
                    continue  # most have none


def _distributions(folder: str) -> Sequence[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.name.endswith(_METADATA)]
    except OSError:
        return ()
