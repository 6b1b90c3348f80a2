"""Hints of the kernel that a declared file changed; what is true, the next capture says.

Linux only, by ctypes: no other standard module has inotify. Elsewhere nothing is ever hinted.
Light on purpose: the process that waits between two reports holds this.
"""

from __future__ import annotations

import os
import select
import struct
import time

WATCHED = "watched"
"""The file of the state folder that lists the declared files, one a line."""
_MOST_PATHS = 1000
_SETTLES_S = 1.0
"""A file that is written is often written again at once."""
_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 1 << 16
_OVERFLOW = -1
_CLOSE_ON_EXEC = 0o2000000
_NON_BLOCKING = 0o4000
_CHANGES = 0x004 | 0x008 | 0x040 | 0x080 | 0x100 | 0x200 | 0x400 | 0x800
"""Attributes, written, moved from and to, created, deleted, and the folder itself."""


class Hints:
    """Watches the folders of the declared files."""

    def __init__(self, state: str) -> None:
        self._file = os.path.join(state, WATCHED)  # noqa: PTH118 - light
        self._names: dict[int, set[bytes]] = {}
        self._queue = -1
        self._add_watch = None
        try:
            import ctypes

            kernel = ctypes.CDLL(None, use_errno=True)
            self._add_watch = kernel.inotify_add_watch
            self._queue = kernel.inotify_init1(_CLOSE_ON_EXEC | _NON_BLOCKING)
        except (ImportError, OSError, AttributeError):
            pass  # another system: every interval is enough

    def refresh(self) -> None:
        """Watch what is declared now; a folder that is not there yet is watched once it is."""
        if self._queue < 0 or self._add_watch is None:
            return
        names: dict[int, set[bytes]] = {}
        for path in _read(self._file):
            folder, _, name = path.rpartition(b"/")
            watch = self._add_watch(self._queue, folder or b"/", _CHANGES)
            if watch >= 0:
                names.setdefault(watch, set()).add(name)
        self._names = names

    def wait(self, seconds: float) -> bool:
        """Return True soon after a declared file changed, else False after `seconds`."""
        ends = time.monotonic() + seconds
        if self._queue < 0:
            time.sleep(seconds)
            return False
        poll = select.poll()
        poll.register(self._queue, select.POLLIN)
        while (left_s := ends - time.monotonic()) > 0:
            if poll.poll(left_s * 1000) and self._is_declared():
                time.sleep(min(_SETTLES_S, max(0.0, ends - time.monotonic())))
                self._is_declared()
                return True
        return False

    def _is_declared(self) -> bool:
        """Whether what is queued is about a declared file; the queue is empty then."""
        found = False
        while True:
            try:
                events = os.read(self._queue, _BUFFER_BYTES)
            except BlockingIOError:
                return found
            at = 0
            while at < len(events):
                watch, _, _, length = _EVENT.unpack_from(events, at)
                at += _EVENT.size
                name = events[at : at + length].rstrip(b"\0")
                at += length
                # Without a name it is the folder itself.
                found |= watch == _OVERFLOW or not name or name in self._names.get(watch, ())


def _read(file: str) -> list[bytes]:
    try:
        with open(file, "rb") as opened:
            return opened.read().splitlines()[:_MOST_PATHS]
    except OSError:
        return []
