"""One apply of a stack at a time on this host, whichever data directory it is started from.

Two daemons of one user know nothing of each other's runs, and not every state backend locks.
The lock is a `flock` that the runner inherits, so it lasts exactly as long as the apply: it
outlives a daemon that dies, and goes with a host that stops.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.ports import StackReference

_FOLDER: Final = Path("trueup") / "applies"


def apply_locks_folder(environment: Mapping[str, str]) -> Path:
    """Return where this user's locks are: below `XDG_STATE_HOME`, or `~/.local/state`."""
    named = environment.get("XDG_STATE_HOME", "")
    home = Path(named) if named.startswith("/") else Path.home() / ".local" / "state"
    return home / _FOLDER


class FileApplyLocks:
    """Implements `reconciler.ports.ApplyLocks` with one file per stack in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def acquire(self, reference: StackReference) -> int:
        """Take the stack's lock. See `ApplyLocks.acquire`.

        Raises:
            RetryableError: another apply of the stack is under way.
            PermanentError: the lock's file cannot be made.
        """
        path = self._folder / f"{_key(reference)}.lock"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise PermanentError(
                f"{path}: {error.strerror or error}",
                remedy="make the directory writable for you, or set XDG_STATE_HOME to another",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise RetryableError(
                f"another trueup on this host is applying to {reference.directory}",
                remedy="it goes on by itself when that apply has ended",
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _key(reference: StackReference) -> str:
    """Return a name for what the apply would write to, equal in every data directory."""
    parts = (reference.tool, str(reference.directory.resolve()), reference.instance)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
