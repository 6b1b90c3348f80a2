"""The private folders that plans and runs are kept in."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError
from reconciler.engine.journal import new_id

_PLAN_PREFIX: Final = "plan-"


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
def passing_folder(runs: Path) -> Iterator[Path]:
    """Give a private folder for a plan that nobody will apply, and remove it afterwards."""
    folder = runs / f"{_PLAN_PREFIX}{new_id()}"
    make_private(folder)
    try:
        yield folder
    finally:
        drop(folder)


def drop_plans(folder: Path) -> None:
    """Remove the saved plan of a run that ended: it holds secrets, and its time is over."""
    for file in folder.glob("plan*"):
        file.unlink(missing_ok=True)


def drop_left_behind(runs: Path) -> None:
    """Remove what plans of an earlier daemon left; no run is touched."""
    for folder in runs.glob(f"{_PLAN_PREFIX}*"):
        drop(folder)
