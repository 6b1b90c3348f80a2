"""What is copied of lines that somebody drew the mouse over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len


class Piece(NamedTuple):
    """A line as it stands on the screen; one that goes on from the line above has an `indent`."""

    text: str
    indent: int = 0


def copied(pieces: Iterable[Piece], first: int, end: int | None) -> str:
    """Return the text from column `first` of the first piece to before column `end` of the last.

    What was wrapped is one line again. Columns are cells; without an `end` it is all of the last.
    """
    found = list(pieces)
    parts: list[str] = []
    for place, (text, indent) in enumerate(found):
        last = place == len(found) - 1
        start = max(first if place == 0 else 0, indent)
        part = between(text, start, end if last else None)
        if place and not indent:
            parts.append("\n")
        goes_on = not last and found[place + 1].indent
        parts.append(part if goes_on else part.rstrip())
    return "".join(parts)


def between(text: str, start: int, end: int | None) -> str:
    """Return the characters of `text` that begin between two columns."""
    if text.isascii():
        return text[start:end]
    kept: list[str] = []
    column = 0
    for each in text:
        if column >= start and (end is None or column < end):
            kept.append(each)
        column += cell_len(each)
    return "".join(kept)
