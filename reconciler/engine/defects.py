"""An exception that nobody expected, as an error that says no more than where it happened."""

from __future__ import annotations

import traceback
from pathlib import Path

from reconciler.domain.errors import PermanentError, ReconcilerError


class DefectError(PermanentError):
    """Something of ours broke; `__cause__` is what did."""


def defect(error: Exception) -> ReconcilerError:
    """Name a defect of ours by its place; its own text might hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    wrapped = DefectError(
        f"an unexpected {type(error).__name__}{place}",
        remedy="this is a defect of trueup; please report it",
    )
    wrapped.__cause__ = error
    return wrapped
