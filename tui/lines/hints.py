"""The keys in the last row of a page, and which of them a cell of it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len

from tui.ink import Line, text_of


class Hint(NamedTuple):
    """What a key does, as it is drawn; `key` is what a click on it presses, empty for nothing."""

    key: str
    spans: Line

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return cell_len(text_of(self.spans))


def whole_hints(hints: Iterable[Hint], width: int) -> list[Hint]:
    """Return as many of `hints` as fit in `width` cells: half a word tells nobody anything."""
    left = width
    kept: list[Hint] = []
    for hint in hints:
        left -= hint.width
        if left < 0:
            break
        kept.append(hint)
    return kept


def hint_spans(hints: Iterable[Hint]) -> Line:
    """Return hints as one line."""
    return tuple(span for hint in hints for span in hint.spans)


def key_at(hints: Iterable[Hint], x: int) -> str:
    """Return the key of the hint that is drawn at cell `x` of their line; empty for none."""
    end = 0
    for hint in hints:
        end += hint.width
        if x < end:
            return hint.key
    return ""
