"""What changed while the server was away, in the order in which it changed.

Each entry changes the state before it into its own. The first are kept and the newest is always
told; where the spool is full, what lies between is told as one change.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.differences import Changes
from agent.private_files import fresh_private, private_folder, sync, sync_folder
from agent.protocol.messages import written_sections

MOST_BYTES = 64 * 2**20
MOST_ENTRIES = 10_000
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Entry:
    """One change; `at` is when it was captured, in seconds since 1970."""

    file: Path
    base: str
    root: str
    at: float
    dropped: Sequence[str]

    def sections(self) -> Iterator[bytes]:
        """Yield the JSON of its sections in pieces.

        Raises:
            ValueError: the file is damaged.
        """
        unpacking = zlib.decompressobj()
        try:
            with open(self.file, "rb") as opened:
                opened.readline()
                while block := opened.read(_BLOCK):
                    yield unpacking.decompress(block)
        except zlib.error as error:
            raise ValueError(f"{self.file} is damaged") from error
        if not unpacking.eof:
            raise ValueError(f"{self.file} is cut short")


class Spool:
    """Entries in a folder, oldest first; each is on the disk when `add` returns."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def add(
        self, changes: Changes, *, base: str, root: str, at: float, dropped: Sequence[str]
    ) -> bool:
        """Keep a change of `base` into `root`; return False where it does not fit."""
        private_folder(self._folder)
        files = self._files()
        number = int(files[-1].name) + 1 if files else 1
        fresh = self._folder / ".new"
        header = {"base": base, "root": root, "at": at, "dropped": list(dropped)}
        packing = zlib.compressobj(6)
        with fresh_private(fresh) as opened:
            opened.write(json.dumps(header).encode() + b"\n")
            for piece in written_sections(changes):
                opened.write(packing.compress(piece))
            opened.write(packing.flush())
            sync(opened)
        used = sum(file.stat().st_size for file in (*files, fresh))
        if used > self._most_bytes or len(files) >= MOST_ENTRIES:
            fresh.unlink()
            return False
        fresh.replace(self._folder / f"{number:08}")
        sync_folder(self._folder)
        return True

    def entries(self) -> Iterator[Entry]:
        """Yield what is kept; one that cannot be read ends it, and is dropped with the rest.

        What follows it changes a state that the server will not have.
        """
        for file in self._files():
            try:
                with open(file, "rb") as opened:
                    said = json.loads(opened.readline())
                entry = Entry(file, said["base"], said["root"], said["at"], said["dropped"])
            except (OSError, ValueError, KeyError, TypeError):
                self.clear()
                return
            yield entry

    def remove(self, entry: Entry) -> None:
        """Forget an entry that the server has acknowledged."""
        with contextlib.suppress(FileNotFoundError):
            entry.file.unlink()

    def clear(self) -> None:
        """Forget everything: the server is told what the host is now."""
        for file in self._files():
            with contextlib.suppress(FileNotFoundError):
                file.unlink()

    def _files(self) -> list[Path]:
        return sorted(file for file in self._folder.glob("[0-9]*") if file.name.isdigit())
