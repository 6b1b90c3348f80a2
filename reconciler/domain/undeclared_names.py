"""Names of attributes that providers compute and that move by themselves.

They are about attributes that no code can set. Whatever code can set is compared by value.
`docs/undeclared.md` lists them.
"""

from __future__ import annotations

from typing import Final

from reconciler.domain.globs import glob_matches
from reconciler.domain.spelling import spellings

MOVING: Final = (
    "*_time",
    "*_times",
    "*_date",
    "*_at",
    "*_timestamp",
    "timestamp",
    "last_*",
    "*_last_*",
    "*_count",
    "*_counts",
    "number_of_*",
    "*_number_of_*",
    "*_in_bytes",
    "status",
    "*_status",
    "state",
    "*_state",
    "*_state_reason",
    "*endpoint*",
    "etag",
    "version",
)
"""Times, counters, states, places of a service: they tell how it is doing.

`version` counts how often something was written; what was written is compared by value.
"""

CONTENT: Final = ("*sha256*", "*sha1*", "*md5*", "*content_hash*", "*_code_size")
"""Digests of what somebody put there: the only trace of replaced code. They always count."""


def names_itself(name: str, type_name: str) -> bool:
    """Whether a computed attribute is the id of the very object, named after its type.

    Somebody who deletes a rule and makes the same rule again has changed nothing that is said.
    """
    snake = spellings(name)[-1]
    return snake.endswith("_id") and type_name.endswith(snake.removesuffix("_id"))


def moves_by_itself(name: str) -> bool:
    """Whether a computed attribute of that name tells of nothing that somebody changed."""
    snake = spellings(name)[-1]
    if any(glob_matches(glob, snake) for glob in CONTENT):
        return False
    return any(glob_matches(glob, snake) for glob in MOVING)
