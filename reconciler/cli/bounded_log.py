"""The log of a daemon that was started in the background: it grows to a size and no further."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from typing import Final

MOST: Final = 10_000_000
"""Bytes of a log, and of what is kept of it from before."""
_LOOK_EVERY_S: Final = 60.0


def keep_bounded(log: Path) -> None:
    """Have this process bound `log`, which it writes, for as long as it runs."""
    threading.Thread(target=_keep, args=(log,), name="bounded-log", daemon=True).start()


def _keep(log: Path) -> None:
    while True:
        time.sleep(_LOOK_EVERY_S)
        cut(log)


def cut(log: Path, *, most: int = MOST) -> None:
    """Move what `log` holds to `LOG.1`, where that is more than `most` bytes.

    Whoever writes it by appending goes on at its beginning. It stays the same file: renamed,
    a daemon that has it open would go on writing in the old one. What is written between copying
    and emptying is lost. A log that cannot be read or kept is left as it is.
    """
    try:
        if log.stat().st_size <= most:
            return
        kept = log.with_name(f"{log.name}.1")
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with log.open("rb") as source, os.fdopen(descriptor, "wb") as target:
            os.fchmod(descriptor, 0o600)  # one that was there keeps the mode it had
            # The end of it: one that grew for weeks is as large as the disk.
            source.seek(-most, os.SEEK_END)
            shutil.copyfileobj(source, target)
        os.truncate(log, 0)
    except OSError:
        return
