"""Where the details of a defect go: a file, never the screen."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.domain.places import state_home
from reconciler.version import __version__


def write_crash_log(error: BaseException, environment: Mapping[str, str]) -> Path | None:
    """Write the traceback, without local values, readable by its owner alone.

    Returns None when nothing could be written.
    """
    now = datetime.now(UTC)
    text = "".join(
        [
            f"trueup {__version__}, Python {platform.python_version()}, {platform.system()}, ",
            f"{now.isoformat(timespec='seconds')}\n\n",
            *traceback.format_exception(error),
        ]
    )
    folder = state_home(environment)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(
            dir=folder, prefix=f"crash-{now:%Y%m%dT%H%M%S}-", suffix=".log"
        )
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None
    return Path(name)
