"""Where the module or project lies that is planned apart from the stack's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SCRATCH: Final = "plan.scratch"
"""In the folder of a run; its name has it end with the plan."""


def scratch_of(folder: Path) -> Path:
    """Return where it lies in the folder of a run."""
    return folder / _SCRATCH


def is_apart(folder: Path) -> bool:
    """Whether the plan saved in `folder` is of a module or project apart from the stack."""
    return scratch_of(folder).is_dir()
