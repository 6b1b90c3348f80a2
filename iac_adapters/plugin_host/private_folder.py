"""A folder that nobody else may look into, and that outlives its process for a while at most.

A plugin's socket lies in one: whoever can connect speaks with its credentials. A plan with secrets
in plain text does, too. It is ours as long as we hold the lock in it, so folders of a killed
process can be told from those in use and are swept by the next one that makes one.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

_PREFIX: Final = "trueup-p-"
_LOCK: Final = "lock"
# sun_path holds 104 bytes on macOS, 108 on Linux; `/trueup-p-xxxxxxxx/plugin1234567890` is 36.
_LONGEST_BASE: Final = 60


class PrivateFolder:
    """A 0700 folder with a path short enough for a unix socket."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def create(cls) -> PrivateFolder:
        """Make a new folder, after sweeping those that killed processes left behind."""
        base = short_base()
        _sweep(base)
        while True:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            # Another process may sweep it in the moment before it is locked: while that has the
            # lock, or a moment earlier, when what is locked here is a file that is gone.
            if _locked(lock) and os.fstat(lock).st_nlink:
                return cls(path, lock)
            os.close(lock)

    def remove(self) -> None:
        """Remove the folder and all in it; removing twice is removing once."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


@contextlib.asynccontextmanager
async def private_folder() -> AsyncIterator[Path]:
    """Yield a new folder, which is gone after the block."""
    folder = await asyncio.to_thread(PrivateFolder.create)
    try:
        yield folder.path
    finally:
        # One that waits for a thread would be dropped along with who waits for it, and a task of
        # its own at the loop's end.
        removing = asyncio.get_running_loop().run_in_executor(None, folder.remove)
        await asyncio.shield(removing)


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
