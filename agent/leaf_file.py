"""Leaves of one large section on the disk, in the order of their keys.

Sixty thousand leaves take 60 MB of memory. Read from a file in passing they take one line.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import ItemsView, Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.private_files import fresh_private
from agent.protocol.canonical import encode

NO_STAMP = b"-"
"""Of a leaf that is made anew at each capture."""
_PARTS = 3


class LeafFile(Mapping[str, Any]):
    """The leaves that a file holds; each question reads the file, as it is then, once more.

    The first line is a header. Each other line is a key, a stamp, and the canonical bytes of a
    value, with tabs between them.
    """

    def __init__(self, file: Path, count: int) -> None:
        self.file = file
        self._count = count

    def encoded(self) -> Iterator[tuple[str, bytes]]:
        """Yield each key and the canonical bytes of its value, in the order of the keys.

        Raises:
            ValueError: the file is damaged.
        """
        with open(self.file, "rb") as lines:
            lines.readline()
            for line in lines:
                key, _, value = parts_of(line)
                yield key, value

    def __getitem__(self, key: str) -> Any:
        for found, value in self.encoded():
            if found == key:
                return json.loads(value)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.encoded())

    def items(self) -> ItemsView[str, Any]:
        """Return keys and values, read in one pass."""
        return _Items(self)

    def __len__(self) -> int:
        return self._count

    def kept_as(self, file: Path) -> LeafFile:
        """Return the same leaves in `file`, which stays as it is when this file is replaced."""
        fresh = file.with_name(f".{file.name}.new")
        fresh.unlink(missing_ok=True)
        try:
            self._double(fresh)
            fresh.replace(file)
        finally:
            # Renaming one link of a file to another one of it leaves both.
            fresh.unlink(missing_ok=True)
        return LeafFile(file, self._count)

    def _double(self, file: Path) -> None:
        try:
            os.link(self.file, file)
        except OSError:  # a file system without hard links
            with fresh_private(file) as fresh, open(self.file, "rb") as lines:
                shutil.copyfileobj(lines, fresh)


class _Items(ItemsView[str, Any]):
    def __init__(self, leaves: LeafFile) -> None:
        super().__init__(leaves)
        self._leaves = leaves

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return ((key, json.loads(value)) for key, value in self._leaves.encoded())


def line_of(key: str, stamp: bytes, value: bytes) -> bytes:
    """Return the line of one leaf."""
    return b"%b\t%b\t%b\n" % (encode(key), stamp, value)


def parts_of(line: bytes) -> tuple[str, bytes, bytes]:
    """Return key, stamp and value of a line.

    Raises:
        ValueError: it is no whole line.
    """
    parts = line.split(b"\t")
    if len(parts) != _PARTS or not line.endswith(b"\n"):
        raise ValueError("a file of leaves is damaged")
    key = parts[0]
    text = json.loads(key) if b"\\" in key else key[1:-1].decode()
    return text, parts[1], parts[2][:-1]
