"""What programs answer when asked for their version, kept on disk by what the program is.

Asking takes 0.05 s and more of every scan. Losing an entry only costs that time. Scripts
are asked by every process: what a wrapper starts may change while the wrapper does not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import orjson

_FORMAT: Final = "tool 1"
_LIMIT_S: Final = 30.0

ReadVersion = Callable[[str], tuple[str, str] | None]
"""How a program's answer to `version` is read: its name and version, None when it is no answer."""


class UnansweredError(Exception):
    """The program does not run, or its answer is none."""


def version_of(
    path: Path, *, read: ReadVersion, quietly: Mapping[str, str], home: str, folder: Path
) -> tuple[str, str]:
    """Return `(name, version)` of the program at `path`, asking it only when nobody knows.

    It is asked in an environment of `home` and `quietly` alone: a user's settings may be
    broken, and a check for updates over the network would make every first scan wait.

    Raises:
        UnansweredError: it is not there, does not run, or does not answer as `read` expects.
    """
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise UnansweredError(str(path)) from error
    return _asked_once(path, changed_ns, read, tuple(sorted(quietly.items())), home, folder)


@lru_cache(maxsize=32)
def _asked_once(
    path: Path,
    _changed_ns: int,
    read: ReadVersion,
    quietly: tuple[tuple[str, str], ...],
    home: str,
    folder: Path,
) -> tuple[str, str]:
    if (known := known_version(path, folder=folder)) is not None:
        return known
    environment = {"HOME": home, "PATH": os.defpath, **dict(quietly)}
    if (answer := read(_asked(path, environment))) is None:
        raise UnansweredError(str(path))
    name, version = answer
    remember_version(path, name=name, version=version, folder=folder)
    return answer


def _asked(path: Path, environment: Mapping[str, str]) -> str:
    try:
        return subprocess.run(
            [str(path), "version"],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            check=True,
        ).stdout.decode("utf-8", errors="replace")
    except (OSError, subprocess.SubprocessError) as error:
        raise UnansweredError(str(path)) from error


def version_numbers(version: str) -> tuple[int, ...]:
    """Return `1.11.5-dev` as `(1, 11, 5)`; what is not a number counts as zero."""
    release = version.split("-", 1)[0].split("+", 1)[0]
    return tuple(int(part) if part.isdecimal() else 0 for part in release.split("."))


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
    text = f"{_FORMAT}\0{path.resolve()}\0{status.st_mtime_ns}\0{status.st_size}"
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    return folder / f"{digest}.json"
