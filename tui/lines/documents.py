"""Two texts that are JSON, as the lines of them that differ, with a line around each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice
from typing import Any, Final

from tui.ink import Line, line
from tui.lines.values import UNKNOWN, is_unknown

_MOST_LINES: Final = 1500
_HEAD: Final = 2
_STYLES: Final = {"+": "added", "-": "removed", "@": "dim"}


def document_of(value: Any) -> Any:
    """Return the object or list that `value` is or that its text says; None where it is neither."""
    if is_unknown(value):
        return None
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict | list) and value else None


def document_lines(
    before: Any, after: Any, *, indent: str, context: int = 1
) -> Iterator[Line] | None:
    """Yield what differs, line by line, with `context` lines around.

    None where one side is no document, or is too long.

    A gap is shown as such: without it, lines of one block are read as those of another.
    """
    left, right = document_of(before), document_of(after)
    if left is None or right is None:
        return None
    old, new = _pretty(left), _pretty(right)
    if len(old) + len(new) > _MOST_LINES:
        return None
    return _lines(old, new, indent, context)


def _lines(old: list[str], new: list[str], indent: str, context: int) -> Iterator[Line]:
    for text in islice(unified_diff(old, new, lineterm="", n=context), _HEAD, None):
        shown = "  ..." if text.startswith("@@") else text
        yield line(indent, (shown, _STYLES.get(text[:1], "")))


def _known(value: Any) -> Any:
    """Return a document with words for what only the apply will tell."""
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value


def _pretty(document: Any) -> list[str]:
    return json.dumps(_known(document), indent=2, sort_keys=True, ensure_ascii=False).splitlines()
