"""What a fork does to be like a process that was just started."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

_FIRST_OWN: Final = 3
_MOST_DESCRIPTORS: Final = 4096


def become(streams: Sequence[int], *, directory: str, environment: Mapping[str, str]) -> None:
    """Have those three streams and no other descriptor, that folder and that environment."""
    # The streams may sit where another belongs.
    kept = [os.dup(descriptor) for descriptor in streams]
    for number, descriptor in enumerate(kept):
        os.dup2(descriptor, number)
    os.closerange(_FIRST_OWN, _MOST_DESCRIPTORS)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    # Read at the start alone, and a scan must leave no byte code beside a program.
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))


def writing(number: int, errors: str, *, at_once: bool) -> io.TextIOWrapper:
    """Return a stream of text to a descriptor; `at_once` is as `python -u` has it.

    Then also what is written to the buffer below is out: a provider writes its port there.
    """
    below = os.fdopen(number, "wb", buffering=0 if at_once else -1, closefd=False)
    return io.TextIOWrapper(
        below,
        encoding="utf-8",
        errors=errors,
        line_buffering=not at_once and (number == 2 or os.isatty(number)),
        write_through=at_once,
    )
