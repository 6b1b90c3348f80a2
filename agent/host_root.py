"""Where the file system of a host lies."""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import AgentError


def check_root(root: Path) -> None:
    """Return when a file system lies at `root`.

    A container that was started without the mount has an empty folder there: a capture of it
    would say that every file of the host was deleted.

    Raises:
        AgentError: nothing lies there.
    """
    try:
        with os.scandir(root) as entries:
            if next(entries, None) is not None:
                return
        reason = "it is empty"
    except PermissionError:
        return  # what lies below it may be readable all the same
    except OSError as error:
        reason = error.strerror or str(error)
    raise AgentError(
        f"{root} is not the file system of a host: {reason}",
        remedy=f"mount the host's file system there, read-only, such as with -v /:{root}:ro",
    )
