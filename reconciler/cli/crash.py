"""Where the details of a defect go: a file, never the screen."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.xdg_folders import state_home
from reconciler.version import __version__

_PACKAGES: Final = Path(__file__).parent.parent.parent
_OURS: Final = tuple(f"{_PACKAGES / name}{os.sep}" for name in ("reconciler", "iac_adapters"))


def write_crash_log(error: BaseException, environment: Mapping[str, str]) -> Path | None:
    """Write the traceback, readable by its owner alone: places and types, and no values.

    An exception's own text is left out unless it is ours: a decoder quotes what it could not
    decode. So are the source lines of other people's programs. Returns None when nothing could
    be written.
    """
    now = datetime.now(UTC)
    text = "".join(
        [
            f"trueup {__version__}, Python {platform.python_version()}, {platform.system()}, ",
            f"{now.isoformat(timespec='seconds')}\n\n",
            *_lines(error),
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


def _lines(error: BaseException) -> Iterator[str]:
    """Yield what is told of an error, after what led to it."""
    seen: list[BaseException] = []
    pending: BaseException | None = error
    while pending is not None and pending not in seen:
        seen.append(pending)
        hidden = pending.__suppress_context__
        pending = pending.__cause__ or (None if hidden else pending.__context__)
    for cause in reversed(seen):
        yield "Traceback (most recent call last):\n"
        for frame in traceback.extract_tb(cause.__traceback__):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n'
            if frame.filename.startswith(_OURS):
                yield f"    {frame.line}\n"
        text = f": {cause}" if isinstance(cause, ReconcilerError) else ""
        yield f"{type(cause).__module__}.{type(cause).__qualname__}{text}\n\n"
        if isinstance(cause, BaseExceptionGroup):
            for inner in cause.exceptions:
                yield from _lines(inner)
