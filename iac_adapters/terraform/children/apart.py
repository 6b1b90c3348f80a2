"""Where the root module lies that children are destroyed in: apart from the stack's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SCRATCH: Final = "plan.scratch"
"""In the folder of a run; its name has it end with the plan."""


def scratch_of(folder: Path) -> Path:
    """Return where the root module apart lies in the folder of a run."""
    return folder / _SCRATCH


def is_removal(folder: Path) -> bool:
    """Whether the plan saved in `folder` destroys children, in a root module apart."""
    return scratch_of(folder).is_dir()
