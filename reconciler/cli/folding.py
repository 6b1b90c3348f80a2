"""Long text on a narrow screen: every character stays, the lines get more."""

from __future__ import annotations

from typing import Final

_NARROWEST: Final = 16
_BREAKS: Final = (", ", " ")


def folded(text: str, width: int, *, below: str = "") -> list[str]:
    """Return `text` in lines of at most `width` characters; `below` indents all but the first.

    A line ends after a comma or a space where there is one in its second half, so that an
    address or a name is broken only where it is longer than that. Nothing is left out but the
    space that a line ends with.
    """
    lines: list[str] = []
    rest = text
    while True:
        indent = below if lines else ""
        room = max(width - len(indent), _NARROWEST)
        if len(rest) <= room:
            return [*lines, indent + rest]
        end = _end(rest, room)
        lines.append((indent + rest[:end]).rstrip(" "))
        rest = rest[end:].lstrip(" ") if rest[:end].endswith(" ") else rest[end:]


def _end(text: str, room: int) -> int:
    for mark in _BREAKS:
        at = text.rfind(mark, 0, room + 1)
        if at >= room // 2:
            return min(at + len(mark), room + 1)
    return room
