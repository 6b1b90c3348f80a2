"""Starting an interpreter of our own for work that must not share the daemon's process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

_FOR_THE_INTERPRETER: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")


def argv_of(program: str) -> tuple[str, ...]:
    """Return the command that runs `program` with the same places to import from."""
    return (sys.executable, "-I", "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}")


def bare_environment() -> Mapping[str, str]:
    """Return what an interpreter may need to start, and nothing that could be a secret."""
    return {name: os.environ[name] for name in _FOR_THE_INTERPRETER if name in os.environ}
