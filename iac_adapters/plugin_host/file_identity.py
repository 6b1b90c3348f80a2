"""Which file a program is: told by what nobody can put back once the file was replaced."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCRIPT: Final = b"#!"


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """One file's identity.

    Size and modification time can be set by whoever replaces a file; its inode's change
    time cannot (utimensat(2) sets it to the present).
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    def __str__(self) -> str:
        return f"{self.device} {self.inode} {self.size} {self.modified_ns} {self.changed_ns}"


def identity_of(file: Path | str) -> FileIdentity:
    """Return the identity of what `file` leads to now; raises OSError where that is nothing."""
    return _identity(os.stat(file))  # noqa: PTH116 - a Path would cost more than the call


def runs_as_checked(pid: int | None, program: Path, checked: FileIdentity) -> bool:
    """Whether process `pid` executes the very file that `checked` was taken of.

    Where the system does not tell what a process executes (macOS, or `pid` is None), or that
    is a script's interpreter, the file at the path must still be the one that was checked.
    """
    try:
        if identity_of(program) != checked:
            return False
        with program.open("rb") as file:
            if pid is None or file.read(len(_SCRIPT)) == _SCRIPT:
                return True
    except OSError:
        return False
    try:
        return identity_of(f"/proc/{pid}/exe") == checked
    except OSError:
        return True


def _identity(status: os.stat_result) -> FileIdentity:
    return FileIdentity(
        device=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
    )
