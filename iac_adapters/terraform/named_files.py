"""Files that a resource's arguments name: its provider may open them when it plans.

A plan that reads a chart, a template or a package changes with it, though no code did. What
is not named, and what is too large to be read, is left to the age of the recording.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgpack

from iac_adapters.terraform.source_files import files_below
from reconciler.bounded_files import open_regular
from reconciler.domain.values import texts_in

_LONGEST_PATH: Final = 1024
_MOST_FILES: Final = 2_000
_LARGEST_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file, or a folder with all below it. `stamp` is cheap to ask for, `content` sure."""

    stamp: str
    content: str


def named_files(configurations: Iterable[bytes], directory: Path) -> dict[str, NamedFile]:
    """Return by path what evaluated configurations (msgpack) name, seen from `directory`.

    A folder counts where it is below `directory`: elsewhere a text like `/` is no path.
    """
    texts = {
        text
        for configuration in configurations
        for text in texts_in(msgpack.unpackb(configuration, raw=False))
    }
    paths = {path for text in texts if (path := _path(text, directory)) is not None}
    return {str(path): NamedFile(_stamp(path), _content(path)) for path in sorted(paths)}


def changed_files(files: Mapping[str, NamedFile]) -> frozenset[str]:
    """Return those that are others than they were; a new time alone is no change."""
    moved = [path for path, file in files.items() if _stamp(Path(path)) != file.stamp]
    return frozenset(path for path in moved if _content(Path(path)) != files[path].content)


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


def _stamp(path: Path) -> str:
    digest = hashlib.sha256()
    for file in _files(path):
        try:
            found = file.stat()
        except OSError:
            continue
        digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _content(path: Path) -> str:
    digest = hashlib.sha256()
    for file in _files(path):
        try:
            with open_regular(file) as stream:
                if file.stat().st_size <= _LARGEST_BYTES:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            digest.update(f"unreadable {error.errno}".encode())
        digest.update(str(file).encode(errors="surrogateescape"))
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for count, file in enumerate(files_below(path)):
        if count >= _MOST_FILES:
            return
        yield file
