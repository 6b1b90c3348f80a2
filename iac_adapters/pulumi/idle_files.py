"""Files that change and change nothing: a log or a report that grows beside a program.

The program is run again for each change at first. When a file has changed a few times in a row
and the program has asked for the very same each time, its changes alone run nothing any more. A
file that the repository holds, or that is a program's own, is never taken for one of these: its
next change may be the one that counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.sources import repository_of
from reconciler.bounded_files import read_bytes

_ENOUGH: Final = 3
_MOST_INDEX_BYTES: Final = 64 * 2**20
_PROGRAM: Final = frozenset(
    {".py", ".ts", ".js", ".mjs", ".cjs", ".go", ".cs", ".fs", ".java", ".kt", ".scala"}
    | {".yaml", ".yml", ".json", ".toml", ".mod", ".sum", ".lock", ".csproj", ".xml", ".gradle"}
)


class IdleFiles:
    """What was learnt of one stack's files; forgotten once the program asks for something new."""

    def __init__(self) -> None:
        self._idle: set[str] = set()
        self._counts: Counter[str] = Counter()

    @property
    def paths(self) -> Collection[str]:
        """The files whose changes alone run nothing."""
        return self._idle

    def changed_nothing(self, changed: Collection[str]) -> None:
        """Note that the program asked for the same after `changed` had changed."""
        self._counts.update(changed)
        ripe = [path for path in changed if self._counts[path] >= _ENOUGH]
        self._idle |= {path for path in ripe if not is_source(Path(path))}

    def changed_something(self) -> None:
        """Note that the program asks for something else now: any of the files may be why."""
        self._idle.clear()
        self._counts.clear()


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Return the files that came, went or changed."""
    names = before.keys() | after.keys()
    return frozenset(name for name in names if before.get(name) != after.get(name))


def is_source(path: Path) -> bool:
    """Whether a file belongs to a program: by its ending, or because the repository holds it."""
    if path.suffix in _PROGRAM:
        return True
    root = repository_of(path.parent)
    if root is None:
        return False
    try:
        index = read_bytes(root / ".git" / "index", most=_MOST_INDEX_BYTES)
    except OSError:
        return False
    return str(path.relative_to(root)).encode() in index
