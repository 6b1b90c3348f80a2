"""A file of leaves made anew beside the one before, which tells what is still known."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from agent.leaf_file import LeafFile, line_of, parts_of
from agent.private_files import open_private

_LONGEST_S = 24 * 3600
Leaf = tuple[str, bytes, bytes]


class LeafRewriting:
    """Takes leaves in the order of their keys; a file that would be equal is left alone.

    What was known is forgotten after a day: whoever may set the clock or write to the disk itself
    can change a file and keep its times.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        # A capture that nobody waits for any more must not write into the file of the next one.
        self._fresh_file = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
        for left in file.parent.glob(f".{file.name}.*new"):
            left.unlink(missing_ok=True)
        self._header = _header(file)
        self._fresh: BinaryIO | None = None
        self._same_bytes = 0
        self._count = 0
        self._asked: str | None = None
        if self._header is None:
            self._header = json.dumps({"born": time.time()}).encode() + b"\n"
            self._before: Iterator[tuple[int, Leaf]] = iter(())
            self._begin()
        else:
            self._same_bytes = len(self._header)
            self._before = _read(file, len(self._header))
        self._size, self._next_before = self._next()

    def before(self, key: str) -> tuple[bytes, bytes] | None:
        """Return the stamp and the value that `key` had; keys before it are gone."""
        self._asked = key
        while self._next_before is not None and self._next_before[0] < key:
            self._begin()
            self._size, self._next_before = self._next()
        if self._next_before is None or self._next_before[0] != key:
            return None
        return self._next_before[1:]

    def put(self, key: str, stamp: bytes, value: bytes) -> None:
        """Write the leaf that comes next; `before` was asked for its key."""
        self._count += 1
        if self._fresh is None and self._next_before == (key, stamp, value):
            self._same_bytes += self._size
            self._size, self._next_before = self._next()
            return
        self._begin().write(line_of(key, stamp, value))

    def keep_rest(self) -> None:
        """Keep every leaf behind the last key that was asked for as it was before."""
        if self._next_before is not None and self._next_before[0] == self._asked:
            self._begin()
            self._size, self._next_before = self._next()
        while self._next_before is not None:
            self._count += 1
            if self._fresh is None:
                self._same_bytes += self._size
            else:
                self._fresh.write(line_of(*self._next_before))
            self._size, self._next_before = self._next()

    def drop(self) -> None:
        """Leave the file before as it was, and nothing beside it."""
        if self._fresh is not None:
            with suppress(OSError):  # a full disk takes not even what is left to be written
                self._fresh.close()
        self._fresh_file.unlink(missing_ok=True)

    def finish(self) -> LeafFile:
        """Return the leaves that were put; they are in the file."""
        if self._fresh is None and self._file.stat().st_size != self._same_bytes:
            self._begin()
        if self._fresh is not None:
            self._fresh.close()
            self._fresh_file.replace(self._file)
        return LeafFile(self._file, self._count)

    def _next(self) -> tuple[int, Leaf | None]:
        return next(self._before, (0, None))

    def _begin(self) -> BinaryIO:
        """Return the new file, which begins with what has stayed the same so far."""
        if self._fresh is None:
            self._fresh = open_private(self._fresh_file)
            if self._same_bytes:
                _copy(self._file, self._fresh, self._same_bytes)
            else:
                self._fresh.write(self._header or b"")
        return self._fresh


def _header(file: Path) -> bytes | None:
    """Return the first line of a file that is still to be believed."""
    try:
        with open(file, "rb") as opened:
            line = opened.readline(200)
        age_s = time.time() - float(json.loads(line)["born"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return line if 0 <= age_s < _LONGEST_S and line.endswith(b"\n") else None


def _read(file: Path, begin: int) -> Iterator[tuple[int, Leaf]]:
    with open(file, "rb") as lines:
        lines.seek(begin)
        with suppress(ValueError):  # it saves time and nothing else
            for line in lines:
                yield len(line), parts_of(line)


def _copy(source: Path, to: BinaryIO, size: int) -> None:
    with open(source, "rb") as opened:
        while size > 0 and (block := opened.read(min(size, 1 << 16))):
            to.write(block)
            size -= len(block)
