"""What may have been meant by a command that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_HABITS: Final = {
    "apply": "approve",
    "check": "scan",
    "describe": "show",
    "diff": "show",
    "drift": "findings",
    "get": "show",
    "inspect": "show",
    "list": "findings",
    "logs": "log",
    "ls": "findings",
    "pause": "hold",
    "refresh": "scan",
    "run": "runs",
    "start": "serve",
    "up": "serve",
    "validate": "doctor",
    "watch": "status",
}
"""What other tools call it."""

_SHORT: Final = 4
"""Up to so many letters one mistake is forgiven, beyond it two."""


def suggestion(given: str, commands: Iterable[str]) -> str | None:
    """Return the command that `given` is most likely to mean; None when none is near."""
    names = sorted(commands)
    if given.lower() in _HABITS:
        return _HABITS[given.lower()]
    allowed = 1 if len(given) <= _SHORT else 2
    near = [(distance, name) for name in names if (distance := _edits(given, name)) <= allowed]
    return min(near)[1] if near else None


def _edits(left: str, right: str) -> int:
    """Return how many letters differ; two that changed places count once."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            swapped = i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other
            row.append(min(cost, above[j - 2] + 1) if swapped else cost)
    return row[-1]
