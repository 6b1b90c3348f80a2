"""Which repository a file lies in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

REPOSITORY: Final = ".git"


def repository_of(folder: Path) -> Path | None:
    """Return the root of the repository that `folder` lies in; None where it lies in none."""
    absolute = folder.absolute()
    places = (absolute, *absolute.parents)
    return next((place for place in places if (place / REPOSITORY).exists()), None)
