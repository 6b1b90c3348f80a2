"""What changed while the server was away, in the order in which it changed.

Each entry changes the state before it into its own. The first are kept and the newest is always
told; where the spool is full, what lies between is told as one change.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.differences import Changes, Delta, in_one
from agent.private_files import fresh_private, private_folder, sync, sync_folder
from agent.protocol.messages import written_sections

MOST_BYTES = 64 * 2**20
MOST_ENTRIES = 10_000
_BLOCK = 1 << 16
_MOST_JOINED_BYTES = 256 * 2**10
"""Of a file; unpacked it takes some fifty times as much memory."""


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

    def delta(self) -> Delta:
        """Return all of it, in memory.

        Raises:
            ValueError: the file is damaged.
        """
        return Delta(json.loads(b"".join(self.sections())), self.dropped)


class Spool:
    """Entries in a folder, oldest first; each is on the disk when `add` returns."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def join_next(self, entry: Entry) -> bool:
        """Let the entry after `entry` change what this one changes as well.

        Then it can be told although `entry` never was. Returns False where there is none, or
        they are too large to be held in memory together; afterwards twice is once.

        Raises:
            ValueError: one of them is damaged.
        """
        later = [file for file in self._files() if file.name > entry.file.name]
        if not later:
            return False
        following = _read(later[0])
        if following.base == entry.base:
            return True  # joined before we were killed
        if max(each.file.stat().st_size for each in (entry, following)) > _MOST_JOINED_BYTES:
            return False
        joined = in_one(entry.delta(), following.delta())
        self._write(
            later[0],
            replace(following, base=entry.base, dropped=joined.dropped),
            [json.dumps(joined.sections, separators=(",", ":"), ensure_ascii=False).encode()],
        )
        return True

    def add(
        self, changes: Changes, *, base: str, root: str, at: float, dropped: Sequence[str]
    ) -> bool:
        """Keep a change of `base` into `root`; return False where it does not fit."""
        private_folder(self._folder)
        files = self._files()
        number = int(files[-1].name) + 1 if files else 1
        file = self._folder / f"{number:08}"
        entry = Entry(file, base, root, at, dropped)
        if len(files) >= MOST_ENTRIES:
            return False
        return self._write(file, entry, written_sections(changes), beside=files)

    def _write(
        self, file: Path, entry: Entry, sections: Iterable[bytes], *, beside: Iterable[Path] = ()
    ) -> bool:
        """Write `entry` into `file`, unless it is too much with what lies `beside` it."""
        fresh = self._folder / ".new"
        header = {
            "base": entry.base, "root": entry.root, "at": entry.at, "dropped": list(entry.dropped),
        }  # fmt: skip
        packing = zlib.compressobj(6)
        with fresh_private(fresh) as opened:
            opened.write(json.dumps(header).encode() + b"\n")
            for piece in sections:
                opened.write(packing.compress(piece))
            opened.write(packing.flush())
            sync(opened)
        if sum(each.stat().st_size for each in (*beside, fresh)) > self._most_bytes:
            fresh.unlink()
            return False
        fresh.replace(file)
        sync_folder(self._folder)
        return True

    def entries(self) -> Iterator[Entry]:
        """Yield what is kept; one that cannot be read ends it, and is dropped with the rest.

        What follows it changes a state that the server will not have.
        """
        for file in self._files():
            try:
                entry = _read(file)
            except ValueError:
                self.clear()
                return
            yield entry

    def count(self) -> int:
        """Return how many entries wait."""
        return len(self._files())

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


def _read(file: Path) -> Entry:
    """Return the entry that `file` holds.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        with open(file, "rb") as opened:
            said = json.loads(opened.readline())
        return Entry(file, said["base"], said["root"], said["at"], said["dropped"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} cannot be read") from error
