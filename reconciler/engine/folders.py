"""The private folders that plans and runs are kept in."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError
from reconciler.domain.run_folder import PLANS
from reconciler.engine.journal import new_id

_PLAN_PREFIX: Final = "plan-"
_DRAFT_PREFIX: Final = ".plan-"


def make_private(folder: Path) -> None:
    """Make `folder`, readable by nobody else.

    Raises:
        PermanentError: the data directory does not allow it.
    """
    try:
        folder.mkdir(mode=0o700, parents=False, exist_ok=False)
    except OSError as error:
        raise PermanentError(
            f"{folder} cannot be made: {error.strerror or error}",
            remedy="look at the space and the rights of the data directory",
        ) from error


def drop(folder: Path) -> None:
    """Remove `folder` with what is in it; one that is gone already is fine."""
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def folder_of_scan(runs: Path) -> Iterator[Path]:
    """Give a private folder for a plan that nobody will apply, and remove it afterwards.

    It is locked while it is used, and made under another name until it is: so a daemon that
    starts meanwhile can tell it from what a dead process left.
    """
    name = new_id()
    draft, folder = runs / f"{_DRAFT_PREFIX}{name}", runs / f"{_PLAN_PREFIX}{name}"
    make_private(draft)
    with _opened(draft) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        draft.rename(folder)
        try:
            yield folder
        finally:
            drop(folder)


def drop_plans(folder: Path) -> None:
    """Remove the saved plan of a run that ended: it holds secrets, and its time is over."""
    if folder.is_symlink():
        return  # what it leads to is not ours to clean
    for file in folder.glob(PLANS):
        if file.is_dir() and not file.is_symlink():
            drop(file)
        else:
            file.unlink(missing_ok=True)


def run_folders(runs: Path) -> Iterator[Path]:
    """Yield the folders of runs; those of plans that nobody will apply are none."""
    for folder in runs.iterdir():
        # A link would lead out of the data directory, and files there are not ours to remove.
        ours = not folder.name.startswith((_PLAN_PREFIX, _DRAFT_PREFIX))
        if ours and not folder.is_symlink() and folder.is_dir():
            yield folder


def drop_left_behind(runs: Path) -> None:
    """Remove the plans of processes that died; one that is being made now stays."""
    for folder in runs.glob(f"{_PLAN_PREFIX}*"):
        # Gone meanwhile, or a link or a file that is not ours to remove.
        with contextlib.suppress(OSError), _opened(folder) as descriptor:
            if _is_abandoned(descriptor):
                drop(folder)


def _is_abandoned(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
