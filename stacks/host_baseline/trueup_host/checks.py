"""How a bad value is refused: by a sentence that begins with the name of its argument."""

from __future__ import annotations

import re
from typing import TypeVar

Kind = TypeVar("Kind")


def check_text(argument: str, value: object, *, form: re.Pattern[str], meaning: str) -> str:
    """Return `value` if it is a text of that form.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, str) and form.fullmatch(value):
        return value
    raise ValueError(f"{argument} must be {meaning}, not {value!r}")


def check_kind(argument: str, value: object, kind: type[Kind], *, meaning: str) -> Kind:
    """Return `value` if it is of that kind.

    Raises:
        ValueError: it is not; the sentence leaves the value out, which may hold a secret.
    """
    if isinstance(value, kind):
        return value
    raise ValueError(f"{argument} must be {meaning}, not of type {type(value).__name__}")


def check_flag(argument: str, value: object) -> bool:
    """Return `value` if it is a truth value; a text such as "no" is none.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool):
        return value
    raise ValueError(f"{argument} must be True or False, not {value!r}")


def check_whole(argument: str, value: object, allowed: range) -> int:
    """Return `value` if it is a whole number of that range.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
        return value
    raise ValueError(f"{argument} must be {allowed.start} to {allowed.stop - 1}, not {value!r}")
