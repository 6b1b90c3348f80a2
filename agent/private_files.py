"""Files that only their owner reads, and that are whole or as they were before."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def private_folder(folder: Path) -> Path:
    """Return `folder`, made with mode 0700 where it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def open_private(file: Path) -> BinaryIO:
    """Return `file` opened to be written from its beginning."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return open(descriptor, "wb")


def open_fresh(file: Path) -> BinaryIO:
    """Return a new `file` opened to be written; what was there is not written through.

    Below /tmp somebody else may have put a link there, or a file that stays theirs.
    """
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return open(descriptor, "wb")


@contextmanager
def fresh_private(file: Path) -> Iterator[BinaryIO]:
    """Give `file` to be written; nothing is left of it where that fails, as on a full disk."""
    opened = open_fresh(file)
    try:
        with opened:
            yield opened
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def write_private(file: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace `file`; where `durable`, the disk has it when this returns."""
    fresh = file.with_name(f".{file.name}.new")
    with fresh_private(fresh) as opened:
        opened.write(content)
        if durable:
            sync(opened)
    fresh.replace(file)
    if durable:
        sync_folder(file.parent)


def sync(opened: BinaryIO) -> None:
    """Let the disk have what was written."""
    opened.flush()
    os.fsync(opened.fileno())


def sync_folder(folder: Path) -> None:
    """Let the disk have the names of the files in `folder`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_reporter(folder: Path) -> Iterator[None]:
    """Wait until nobody else reports from `folder`: two would use one number twice."""
    with open_private(folder / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
