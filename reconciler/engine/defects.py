"""An exception that nobody expected, as an error that says no more than where it happened."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from reconciler.domain.errors import PermanentError, ReconcilerError

T = TypeVar("T")


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


async def outcome_of(
    work: Callable[[], Awaitable[T]], *, let_through: tuple[type[Exception], ...] = ()
) -> T | ReconcilerError:
    """Return what `work` gives, or why it failed: one thing's defect must not end the others.

    Raises:
        Exception: one of `let_through`.
    """
    try:
        return await work()
    except let_through:
        raise
    except ReconcilerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - what nobody expected is returned as a defect
        return defect(error)
