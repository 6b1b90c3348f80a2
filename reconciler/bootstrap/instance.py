"""What belongs to one installation: its data directory, its key, its lock, its first token."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reconciler.bounded_files import UnfitFileError, read_bytes, refuse_irregular
from reconciler.domain.errors import PermanentError

_KEY_BYTES: Final = 32
_MOST_KEY_BYTES: Final = 4096
_LOCK: Final = "daemon.lock"


class DirectoryBusyError(PermanentError):
    """Another process works on the data directory."""


def instance_key(data_dir: Path) -> bytes:
    """Return this installation's key, made on first use.

    It keys every digest of a value, so it must outlive a scan: a new one makes each
    known drift look new. Two processes starting at once end up with the same key.

    Raises:
        PermanentError: the file is not ours alone, is damaged, or cannot be written.
    """
    path = data_dir / "instance.key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_shared(data_dir)
        if not path.exists():
            _create_once(path, secrets.token_bytes(_KEY_BYTES))
        mode, key = path.stat().st_mode, read_bytes(path, most=_MOST_KEY_BYTES)
    except OSError as error:
        raise PermanentError(
            f"{path}: {error.strerror or error}", remedy="make the directory writable for you"
        ) from error
    if mode & 0o077:
        raise PermanentError(f"{path}: others may read this key", remedy=f"chmod 600 {path}")
    if len(key) != _KEY_BYTES:
        raise PermanentError(
            f"{path}: holds {len(key)} bytes where {_KEY_BYTES} are expected",
            remedy="restore it from a backup, or remove it: known drifts will then look new",
        )
    return key


@contextlib.contextmanager
def only_daemon(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for one daemon; the lock goes with the process, however it ends.

    Raises:
        DirectoryBusyError: another daemon, or a program that applies, has it.
        PermanentError: it cannot be written.
    """
    path = data_dir / _LOCK
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_shared(data_dir)
        # Never through a link: what it leads to would be cut to nothing.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        _refuse_link(path)
        _refuse_directory(path)
        raise PermanentError(
            f"{path}: {error.strerror or error}", remedy="make the directory writable for you"
        ) from error
    try:
        refuse_irregular(descriptor, path)
    except UnfitFileError as error:
        os.close(descriptor)
        raise PermanentError(
            f"{path}: {error.strerror}", remedy=f"remove {path}, and start again"
        ) from error
    with os.fdopen(descriptor, "r+") as file:
        if os.fstat(descriptor).st_nlink != 1:
            raise PermanentError(
                f"{path}: has a second name (a hard link)", remedy=f"remove {path}, and start again"
            )
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DirectoryBusyError(
                f"{data_dir}: another daemon works on this directory ({_holder(path)})",
                remedy="stop that one, or give this one a data_dir of its own",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def refuse_shared(data_dir: Path) -> None:
    """Return when nobody else may write into `data_dir`.

    Raises:
        PermanentError: others may, and so could put links, plans and databases there.
        OSError: it cannot be looked at.
    """
    if data_dir.stat().st_mode & 0o022:
        raise PermanentError(
            f"{data_dir}: others may write into the data directory", remedy=f"chmod 700 {data_dir}"
        )


def private_folder(folder: Path) -> Path:
    """Return `folder`, made with mode 0700 where it was not there.

    Raises:
        PermanentError: it is a link or no directory, or cannot be made.
    """
    _refuse_link(folder)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise PermanentError(
            f"{folder}: {error.strerror or error}", remedy="make the directory writable for you"
        ) from error
    return folder


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise PermanentError(
            f"{path}: is a symbolic link; the data directory must not contain any",
            remedy=f"remove {path}",
        )


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        raise PermanentError(
            f"{path}: is a directory, not a regular file", remedy=f"remove {path}, and start again"
        )


def _holder(path: Path) -> str:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    return f"process {text}" if text.isdecimal() else "its process is not known"


def write_secret(path: Path, text: str) -> None:
    """Leave `text` in `path`, mode 0600, whole or not at all; an earlier file is replaced."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, IsADirectoryError):
            raise PermanentError(
                f"{path}: is a directory, not a file", remedy="move it away"
            ) from error
        raise


def _create_once(path: Path, content: bytes) -> None:
    """Leave `path` whole, mode 0600; if another process was first, leave its file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".instance-key-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a rename would replace: the first writer wins.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
