"""Values of `trueup.toml` that are checked where they are read: names and paths.

How a path is read depends on the context of the reading: `base` is the directory of the file that
names it; `told_later` accepts what is not there, since its own scan reports it; `kept` takes an
absolute path as it stands, which is how the API and the database give it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from reconciler.field_rules import Checked, Reading, Rule

_LONGEST_PATH: Final = 4096


def placed(path: Path, info: Reading) -> Path:
    """Take a relative path as relative to the file that names it.

    Raises:
        ValueError: it holds a null character, or is relative and comes from no file.
    """
    context = info.context or {}
    if "\0" in str(path) or len(str(path)) > _LONGEST_PATH:
        message = f"a path has at most {_LONGEST_PATH} characters, and none of them is null"
        raise ValueError(message)
    if context.get("kept"):
        if not path.is_absolute():
            message = f"{str(path)!r} is no absolute path on the daemon's host"
            raise ValueError(message)
        return path
    try:
        path = path.expanduser()
    except RuntimeError as error:
        message = f"nobody on this host is called {path.parts[0][1:]!r}"
        raise ValueError(message) from error
    # realpath, not resolve: that fails where a link leads back to itself.
    return Path(os.path.realpath(context.get("base", Path()) / path))


def _seen(look: Callable[[], bool]) -> bool:
    try:
        return look()
    except OSError:
        return False


def _told_later(info: Reading) -> bool:
    context = info.context or {}
    return bool(context.get("told_later") or context.get("kept"))


def _existing_directory(path: Path, info: Reading) -> Path:
    if not _told_later(info) and not _seen(path.is_dir):
        message = f"the directory {path} does not exist or cannot be entered"
        raise ValueError(message)
    return path


def _existing_file(path: Path, info: Reading) -> Path:
    if not _told_later(info) and not _seen(path.is_file):
        message = f"the file {path} does not exist or cannot be read"
        raise ValueError(message)
    return path


def _spoken(name: str) -> str:
    if name in {".", ".."}:
        message = f"{name!r} is not a valid name"
        raise ValueError(message)
    if not name.isprintable():
        # Control and direction characters make one name look like another.
        message = "a name holds no control or direction characters"
        raise ValueError(message)
    return name


PlacedPath = Annotated[Path, Checked(placed)]
ExistingDirectory = Annotated[PlacedPath, Checked(_existing_directory)]
ExistingFile = Annotated[PlacedPath, Checked(_existing_file)]
Name = Annotated[
    str,
    Rule({"min_length": 1, "max_length": 200, "pattern": r"^[^\s/][^/\n]*$"}, check=_spoken),
]
