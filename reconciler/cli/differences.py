"""A value on one line, and what differs between two long ones."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Final

from reconciler.cli.paint import safe
from reconciler.domain.values import Sensitive, Unknown, Value

_CONTEXT: Final = 24
_MOST_LINES: Final = 6
_GAP: Final = "..."
_ABSENT: Final = "(none)"


def shown(value: Value) -> str:
    """Write `value` on one line as people write it in code; secrets stay hidden."""
    match value:
        case None:
            return _ABSENT
        case Sensitive():
            return "(sensitive)"
        case Unknown():
            return "(known after apply)"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case str():
            return safe(json.dumps(value, ensure_ascii=False))
        case list():
            return f"[{', '.join(shown(item) for item in value)}]"
        case dict():
            fields = {name: item for name, item in value.items() if _says_something(item)}
            pairs = (f"{safe(name)} = {shown(item)}" for name, item in (fields or value).items())
            return "{" + ", ".join(pairs) + "}"


def _says_something(value: Value) -> bool:
    """Whether a reader of a whole object needs it: providers fill in every unset attribute."""
    return value is not None and value is not False and value not in ("", [], {})


def focused(before: str, after: str, *, width: int) -> tuple[str, str]:
    """Leave out what two very long texts have in common at both ends; `...` stands for it.

    Texts of a few lines of `width` stay whole, and nothing that differs is ever left out.
    """
    if max(len(before), len(after)) <= _MOST_LINES * width or before == after:
        return before, after
    start = max(_common(before, after) - _CONTEXT, 0)
    left, right = before[start:], after[start:]
    end = max(_common(left[::-1], right[::-1]) - _CONTEXT, 0)
    return _elided(left, start, end), _elided(right, start, end)


def _elided(text: str, start: int, end: int) -> str:
    kept = text[: len(text) - end] if end > len(_GAP) else text
    return (_GAP if start else "") + kept + (_GAP if end > len(_GAP) else "")


def _common(left: str, right: str) -> int:
    """Return how many characters both begin with."""
    for index, (character, other) in enumerate(zip(left, right, strict=False)):
        if character != other:
            return index
    return min(len(left), len(right))
