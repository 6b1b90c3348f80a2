"""What a plugin writes, read for ever and kept only in part.

A plugin blocks when nobody reads its pipes; one that floods them must not fill our
memory, with or without newlines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

TAIL_BYTES: Final = 64 << 10
_CHUNK_BYTES: Final = 64 << 10
_LINE_BYTES: Final = 400
_PANICS: Final = (b"panic: ", b"fatal error: ")


class StderrTail:
    """The last 64 KiB of a stream, and the first line of a Go panic wherever it stood."""

    def __init__(self, limit_bytes: int = TAIL_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._tail = bytearray()
        self._line = bytearray()
        self._panic: bytes | None = None

    def feed(self, chunk: bytes) -> None:
        """Take note of `chunk`; what it pushes out of the tail is forgotten."""
        self._tail += chunk
        del self._tail[: -self._limit_bytes]
        if self._panic is None:
            self._find_panic(chunk)

    def text(self) -> str:
        """Return the tail as text. It may hold secrets: never show or log it unasked."""
        return self._tail.decode(errors="replace")

    @property
    def panic(self) -> str | None:
        """The first line of the first panic, or None."""
        found = self._panic or self._panic_in(self._line)
        return found.decode(errors="replace").strip() if found else None

    def _find_panic(self, chunk: bytes) -> None:
        first, *others = chunk.split(b"\n")
        self._line += first[: _LINE_BYTES - len(self._line)]
        for piece in others:
            self._panic = self._panic or self._panic_in(self._line)
            self._line = bytearray(piece[:_LINE_BYTES])

    @staticmethod
    def _panic_in(line: bytearray) -> bytes | None:
        return bytes(line) if line.startswith(_PANICS) else None


async def drain(stream: asyncio.StreamReader, feed: Callable[[bytes], None]) -> None:
    """Hand everything `stream` brings to `feed`, until it ends."""
    while chunk := await stream.read(_CHUNK_BYTES):
        feed(chunk)


async def first_line(stream: asyncio.StreamReader, *, limit_bytes: int = 8 << 10) -> bytes:
    """Return the first line with its end, or what there was of it: at most `limit_bytes`.

    What follows the line in the same piece is dropped.
    """
    line = bytearray()
    while len(line) < limit_bytes:
        chunk = await stream.read(_CHUNK_BYTES)
        start, newline, _ = chunk.partition(b"\n")
        line += start + newline
        if newline or not chunk:
            break
    return bytes(line[:limit_bytes])
