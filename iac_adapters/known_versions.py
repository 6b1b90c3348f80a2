"""What programs answered when asked for their version, kept on disk by what the program is.

Asking takes 0.05 s and more of every scan. Losing an entry only costs that time. Scripts
are asked every time: what a wrapper starts may change while the wrapper does not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

import orjson

_FORMAT: Final = "tool 1"


def known_version(path: Path, *, folder: Path) -> tuple[str, str] | None:
    """Return `(name, version)` as this very program answered before; None when it is not known."""
    try:
        found = orjson.loads(_entry(path, folder).read_bytes())
        return str(found["name"]), str(found["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember_version(path: Path, *, name: str, version: str, folder: Path) -> None:
    """Keep the answer of `path`, unless it is a script or the folder cannot be written to."""
    with contextlib.suppress(OSError):
        with path.open("rb") as program:
            if program.read(2) == b"#!":
                return
        entry = _entry(path, folder)
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=entry.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(orjson.dumps({"name": name, "version": version}))
        Path(temporary).replace(entry)


def _entry(path: Path, folder: Path) -> Path:
    status = path.stat()
    told = f"{_FORMAT}\0{path.resolve()}\0{status.st_mtime_ns}\0{status.st_size}"
    digest = hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()
    return folder / f"{digest}.json"
