"""Where a text stands in lines that were wrapped."""

from __future__ import annotations

from collections.abc import Sequence

from tui.ink import Line, text_of


def holds(spans: Line, needle: str) -> bool:
    """Whether a line holds `needle`, which is in small letters."""
    return needle in text_of(spans).lower()


def places_of(needle: str, spans: Line, pieces: Sequence[Line]) -> list[int]:
    """Return which of the pieces of a line hold `needle`; wrapped apart, its first piece."""
    if not holds(spans, needle):
        return []
    return [place for place, piece in enumerate(pieces) if holds(piece, needle)] or [0]


def next_place(found: Sequence[int], top: int, by: int) -> int | None:
    """Return the place after `top`, or before it; after the last comes the first."""
    if not found:
        return None
    if by > 0:
        return next((place for place in found if place > top), found[0])
    return next((place for place in reversed(found) if place < top), found[-1])
