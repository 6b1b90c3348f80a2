"""Files of a host, read within bounds whatever lies at their path."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from agent.protocol.canonical import text_of


def read_plain(file: Path, *, most: int) -> bytes:
    """Return the first `most` bytes of an ordinary file, or of the one that a link leads to.

    A pipe would hold us until somebody writes into it; `/dev/zero` has no end.

    Raises:
        OSError: there is none, or it is no ordinary file.
    """
    _require_plain(file.stat().st_mode)
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:
        _require_plain(os.fstat(descriptor).st_mode)
        return opened.read(most)


def reason_of(error: OSError) -> str:
    """Return why a file cannot be read."""
    if isinstance(error, PermissionError):
        return "denied"
    return error.strerror or os.strerror(error.errno or 0)


def key_of(file: Path, root: Path) -> str:
    """Return what a leaf of `file` is called; a name that is no UTF-8 is escaped."""
    return text_of(b"/" + os.fsencode(file.relative_to(root)))


def _require_plain(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "no ordinary file")
