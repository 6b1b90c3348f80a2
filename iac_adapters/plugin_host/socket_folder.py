"""A private folder for a plugin's socket: whoever can connect speaks with its credentials.

The folder is ours as long as we hold the lock in it, so folders of a killed process can
be told from those in use and are swept by the next one that starts a plugin.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_PREFIX: Final = "trueup-p-"
_LOCK: Final = "lock"
# sun_path holds 104 bytes on macOS, 108 on Linux; `/trueup-p-xxxxxxxx/plugin1234567890` is 36.
_LONGEST_BASE: Final = 60


class SocketFolder:
    """A 0700 folder with a path short enough for a unix socket."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def create(cls) -> SocketFolder:
        """Make a new folder, after sweeping those that killed processes left behind."""
        base = short_base()
        _sweep(base)
        while True:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            if _locked(lock):
                return cls(path, lock)
            os.close(lock)  # swept by another process in the moment before it was locked

    def remove(self) -> None:
        """Remove the folder and all in it; removing twice is removing once."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def short_base() -> Path:
    """Return where temporary folders are made whose sockets have a path of permitted length."""
    base = Path(tempfile.gettempdir())
    return base if len(os.fsencode(base)) <= _LONGEST_BASE else Path("/tmp")  # noqa: S108 - mkdtemp inside


def _sweep(base: Path) -> None:
    for path in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.lstat().st_uid != os.getuid() or path.is_symlink():
                continue
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if _locked(lock):
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
