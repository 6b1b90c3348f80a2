"""Every file that a program may read, as far as its repository goes, by size and time of change.

Nothing is left out by the name of its folder: a package may be named `target`, and a version may
stand in `bin/version`. What a tool has made from other files is left out by what lies in it.
What a program asks of a cloud (`invoke`) or of the clock is not seen here.
"""

from __future__ import annotations

import inspect
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.programs import pulumi_home
from iac_adapters.repository import REPOSITORY, repository_of
from iac_adapters.revision import Revision
from reconciler.bounded_files import read_text

_MOST_FILES: Final = 20_000
# A hundred stacks of one large repository are each held and looked at by themselves.
_MOST_AROUND: Final = 4_000
_BYTE_CODE: Final = ".pyc"
# A file that says of its folder that a tool has filled it, and changes when it does so again.
_ENVIRONMENT: Final = "pyvenv.cfg"
_MARKS: Final = (
    _ENVIRONMENT,
    ".package-lock.json",
    ".yarn-integrity",
    ".yarn-state.yml",
    ".modules.yaml",
    "CACHEDIR.TAG",
)


def add_cli(revision: Revision, program: Path) -> None:
    """Take in which CLI evaluates."""
    revision.add("cli", f"{program} {stamp(program.stat())}")


def add_plugins(revision: Revision, environment: Mapping[str, str]) -> None:
    """Take in which plugins are installed: one that is named by no version is the newest."""
    names = sorted(entry.name for entry in _entries(pulumi_home(environment) / "plugins"))
    revision.add("plugins", "\n".join(names))
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        for entry in _entries(Path(folder)) if folder else ():
            if entry.name.startswith("pulumi-"):
                revision.add(entry.path, stamp(entry.stat()))


def sources_below(folders: Collection[Path], *, without: Collection[Path] = ()) -> dict[str, str]:
    """Return the stamp of each file below `folders`, and then of the repository they lie in.

    What lies in the folders `without` is left out, and whatever is beyond the first 20,000 files,
    or the first 4,000 of the repository around.
    """
    left_out = {str(path) for path in without}
    repositories = {root for folder in folders if (root := repository_of(folder)) is not None}
    found: dict[str, str] = {}
    for folder in sorted(folders):
        found |= islice(_files_below(folder, left_out), _MOST_FILES - len(found))
        left_out.add(str(folder))
    for repository in sorted(repositories):
        found |= islice(_files_below(repository, left_out), _MOST_AROUND)
    for repository in repositories:
        found |= _commit_of(repository)
    return found


def identity_of(program: Callable[[], object]) -> str:
    """Return what tells one version of a program from another, as far as its file does."""
    name = f"{getattr(program, '__module__', '')}.{getattr(program, '__qualname__', program)}"
    try:
        status = Path(inspect.getsourcefile(program) or "").stat()
    except (TypeError, OSError):
        return name
    return f"{name} {status.st_size} {status.st_mtime_ns}"


def _files_below(folder: Path, left_out: Collection[str]) -> Iterator[tuple[str, str]]:
    pending = deque([folder])
    while pending:
        entries = _entries(pending.popleft())
        marks = [entry for entry in entries if entry.name in _MARKS]
        yield from _installed(marks)
        for entry in marks or entries:
            if entry.path in left_out or entry.name == REPOSITORY:
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            elif not entry.name.endswith(_BYTE_CODE):
                yield entry.path, stamp(entry.stat(follow_symlinks=False))


def _installed(marks: list[os.DirEntry[str]]) -> Iterator[tuple[str, str]]:
    """Yield when something was last installed into a virtual environment."""
    for mark in marks:
        if mark.name == _ENVIRONMENT:
            for packages in Path(mark.path).parent.glob("lib/python*/site-packages"):
                yield str(packages), stamp(packages.stat())


def _commit_of(repository: Path) -> dict[str, str]:
    """Return what tells which commit is checked out: programs name it in tags."""
    head = repository / REPOSITORY / "HEAD"
    try:
        text = read_text(head, errors="replace").strip()
    except OSError:
        return {}
    branch = head.parent / text.removeprefix("ref: ")
    try:
        return {str(head): f"{text} {read_text(branch, errors='replace').strip()}"}
    except OSError:
        return {str(head): text}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def stamp(status: os.stat_result) -> str:
    """Return what is another one once a file has changed."""
    return f"{status.st_size} {status.st_mtime_ns}"
