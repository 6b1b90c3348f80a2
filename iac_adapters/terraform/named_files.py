"""Files that a resource's arguments name: its provider may open them when it plans.

A plan that reads a chart, a template or a package changes with it, though no code did. What
is not named, and what is too large to be read, is left to the age of the recording.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import msgpack

from iac_adapters.idle_files import sources_among
from iac_adapters.terraform.source_files import files_below
from reconciler.bounded_files import open_regular
from reconciler.domain.values import texts_in

_LONGEST_PATH: Final = 1024
_MOST_FILES: Final = 2_000
_LARGEST_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file, or which files a folder holds. `stamp` is cheap to ask for, `content` sure."""

    stamp: str
    content: str


def named_files(configurations: Iterable[bytes], directory: Path) -> dict[str, NamedFile]:
    """Return by path what evaluated configurations (msgpack) name, seen from `directory`.

    A folder counts where it is below `directory`: elsewhere a text like `/` is no path. Each
    file below it is one of its own, so that a change tells which of them it was.
    """
    texts = {
        text
        for configuration in configurations
        for text in texts_in(msgpack.unpackb(configuration, raw=False))
    }
    paths = {path for text in texts if (path := _path(text, directory)) is not None}
    files = {file for path in paths for file in _with_files(path)}
    return {str(path): NamedFile(_stamp(path), _content(path)) for path in sorted(files)}


def changed_files(
    files: Mapping[str, NamedFile], *, resting: Collection[str] = ()
) -> frozenset[str]:
    """Return those that are others than they were; a new time alone is no change.

    Where names came to a folder or went, that is the folder and each such name that is code.
    Those that are `resting` are not looked at, but for the code that came to a folder.
    """
    moved = [
        path
        for path, file in files.items()
        if (path not in resting or Path(path).is_dir()) and _stamp(Path(path)) != file.stamp
    ]
    changed = {path for path in moved if _content(Path(path)) != files[path].content}
    for folder in [path for path in changed if Path(path).is_dir()]:
        came = {file for file in _files(Path(folder)) if str(file) not in files}
        went = {
            path for path in map(Path, changed) if path.is_relative_to(folder) and not path.exists()
        }
        sources = sources_among(came | went)
        changed |= {str(path) for path in sources}
        changed -= {str(path) for path in went - sources}
        if sources and sources == came | went:
            changed.discard(folder)
    return frozenset(changed).difference(resting)


def _path(text: str, directory: Path) -> Path | None:
    if not text or len(text) > _LONGEST_PATH or not text.isprintable():
        return None
    try:
        path = (directory / text).resolve()
        if path.is_file():
            return path
        root = directory.resolve()
        below = path != root and path.is_relative_to(root) and path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if below else None


def _with_files(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir():
        yield from _files(path)


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    if stat.S_ISDIR(found.st_mode):
        return _names(path)
    return f"{found.st_size} {found.st_mtime_ns}"


def _content(path: Path) -> str:
    if path.is_dir():
        return _names(path)
    digest = hashlib.sha256()
    try:
        with open_regular(path) as stream:
            if path.stat().st_size <= _LARGEST_BYTES:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        digest.update(f"unreadable {error.errno}".encode())
    return digest.hexdigest()


def _names(folder: Path) -> str:
    """Digest which files a folder holds, whatever is in them."""
    names = "\n".join(map(str, _files(folder)))
    return hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return islice(files_below(folder), _MOST_FILES)
