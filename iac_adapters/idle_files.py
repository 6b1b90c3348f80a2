"""Files that change and change nothing: a log or a report that grows beside a program or a chart.

The code is evaluated again for each change at first. When a file has changed a few times in a
row and the code has asked for the very same each time, its changes alone have nothing evaluated
for a while. A file that the repository holds, or that is code itself, is never taken for such a
file: its next change may be the one that counts.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from iac_adapters.repository import REPOSITORY, repository_of
from reconciler.bounded_files import read_bytes

_ENOUGH: Final = 3
_MOST_INDEX_BYTES: Final = 64 * 2**20
_MOST_NAME_BYTES: Final = 2**16
_WHOLE_NAMES: Final = (bytes((0, 0, 0, 2)), bytes((0, 0, 0, 3)))
_CODE: Final = frozenset(
    {".py", ".ts", ".js", ".mjs", ".cjs", ".go", ".cs", ".fs", ".java", ".kt", ".scala"}
    | {".yaml", ".yml", ".json", ".toml", ".mod", ".sum", ".lock", ".csproj", ".xml", ".gradle"}
    | {".tf", ".tfvars", ".hcl", ".tpl", ".tmpl", ".tftpl", ".j2"}
)


class IdleFiles:
    """What was learnt of one stack's files; forgotten once the code asks for something new.

    A file rests for `rest_s` seconds by `clock`, and is then looked at once more.
    """

    def __init__(
        self, *, rest_s: float = math.inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rest_s = rest_s
        self._clock = clock
        self._rests_until_s: dict[str, float] = {}
        self._counts: Counter[str] = Counter()

    @property
    def paths(self) -> Collection[str]:
        """The files whose changes alone have nothing evaluated."""
        now_s = self._clock()
        return {path for path, until_s in self._rests_until_s.items() if now_s < until_s}

    def changed_nothing(self, changed: Collection[str]) -> None:
        """Note that the code asked for the same after `changed` had changed."""
        self._counts.update(changed)
        until_s = self._clock() + self._rest_s
        often = {Path(path): path for path in changed if self._counts[path] >= _ENOUGH}
        for path in often.keys() - sources_among(often):
            self._rests_until_s[often[path]] = until_s

    def changed_something(self) -> None:
        """Note that the code asks for something else now: any of the files may be why."""
        self._rests_until_s.clear()
        self._counts.clear()


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Return the files that came, went or changed."""
    names = before.keys() | after.keys()
    return frozenset(name for name in names if before.get(name) != after.get(name))


def sources_among(paths: Iterable[Path]) -> frozenset[Path]:
    """Return which of `paths` are code: by their ending, or because the repository holds them.

    A folder is none: its names are judged one by one.
    """
    root_of, index_of = cache(repository_of), cache(_index_of)

    def is_held(path: Path) -> bool:
        root = root_of(path.parent)
        if root is None:
            return False
        index = index_of(root)
        return index is None or os.fsencode(path.relative_to(root)) in index

    return frozenset(
        path for path in paths if not path.is_dir() and (path.suffix in _CODE or is_held(path))
    )


def _index_of(root: Path) -> bytes | None:
    """Return the index, in which names stand whole; None where it cannot tell what is held.

    Source: gitrepository-layout (`gitdir:` of a worktree or submodule) and gitformat-index,
    where version 4 shortens names, and a split index has them in another file.
    """
    try:
        folder = _git_folder(root / REPOSITORY)
        if folder is None or any(folder.glob("sharedindex.*")):
            return None
        index = read_bytes(folder / "index", most=_MOST_INDEX_BYTES)
    except FileNotFoundError:
        return b""
    except OSError:
        return None
    return index if index[:4] == b"DIRC" and index[4:8] in _WHOLE_NAMES else None


def _git_folder(place: Path) -> Path | None:
    if place.is_dir():
        return place
    key, _, named = read_bytes(place, most=_MOST_NAME_BYTES).rstrip(b"\r\n").partition(b": ")
    folder = place.parent / os.fsdecode(named)
    return folder if key == b"gitdir" and folder.is_dir() else None
