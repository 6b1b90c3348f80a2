"""Digests of files by what `stat` says of them, so that an unchanged file is not read again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from agent.private_files import write_private

_LONGEST_S = 24 * 3600
_TOO_YOUNG_NS = 2 * 10**9
Entry = tuple[int, int, int, int, int, str, str]


class StatCache:
    """Digests by path; an entry holds while device, inode, size, mtime and ctime stay.

    A file that changed within the last two seconds is not remembered: a second change could
    leave the same times. All of it is forgotten after a day, since whoever may set the clock or
    write to the disk itself can keep the times as they were.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._born, self._before = _read(file)
        self._seen: dict[str, Entry] = {}
        self._now_ns = time.time_ns()

    def get(self, path: bytes, found: os.stat_result, name: str) -> str | None:
        """Return the digest called `name` of the file as it is, if it is known."""
        key = os.fsdecode(path)
        entry = self._before.get(key)
        if entry is None or tuple(entry[:6]) != (*_identity(found), name):
            return None
        self._seen[key] = entry
        return entry[6]

    def put(self, path: bytes, found: os.stat_result, name: str, digest: str) -> None:
        """Remember the digest of the file as it was before it was read."""
        if self._now_ns - max(found.st_mtime_ns, found.st_ctime_ns) > _TOO_YOUNG_NS:
            self._seen[os.fsdecode(path)] = (*_identity(found), name, digest)

    def save(self) -> None:
        """Keep what this capture saw; what is gone is forgotten."""
        if self._seen == self._before:
            return
        text = json.dumps([self._born, self._seen], separators=(",", ":"))
        write_private(self._file, text.encode("utf-8", "surrogatepass"))


def _identity(found: os.stat_result) -> tuple[int, int, int, int, int]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _read(file: Path) -> tuple[float, dict[str, Entry]]:
    try:
        born, entries = json.loads(file.read_bytes().decode("utf-8", "surrogatepass"))
        if 0 <= time.time() - born < _LONGEST_S and isinstance(entries, dict):
            return float(born), entries
    except (OSError, ValueError, TypeError):
        pass  # it saves time and nothing else
    return time.time(), {}
