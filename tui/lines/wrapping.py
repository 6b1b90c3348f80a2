"""Lines broken to a width; what goes on stands below its value, or a little further in."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, chop_cells

from tui.ink import Line, Span, text_of

_FURTHER: Final = 2
_NEAR: Final = 0.6


def wrapped(spans: Line, width: int) -> list[Line]:
    """Return a line as lines of at most `width` cells; nothing of it is left out."""
    text = text_of(spans)
    if len(text) <= width and (text.isascii() or cell_len(text) <= width):
        return [spans]
    indent = min(_indent(spans, text), width // 3)
    lines: list[Line] = []
    current: list[Span] = []
    left = width
    for span in spans:
        rest = text_of((span,))
        while rest:
            if left <= 0:
                lines.append(tuple(current))
                current, left = [Span(" " * indent)], width - indent
            piece = _piece(rest, left)
            if not piece:  # a wide character that does not fit any more
                left = 0
                continue
            current.append(Span(piece, span.style))
            rest, left = rest[len(piece) :], left - cell_len(piece)
            if rest:  # broken at a space, the line ends there
                left = 0
    lines.append(tuple(current))
    return lines


def _indent(spans: Line, text: str) -> int:
    """Return how far what goes on is indented: to the value, where a label stands before it."""
    label = text_of(spans[:1])
    if len(spans) > 1 and spans[0].style == "dim" and label.strip() and label.endswith(" "):
        return cell_len(label)
    return len(text) - len(text.lstrip(" ")) + _FURTHER


def _piece(text: str, width: int) -> str:
    """Return the beginning of `text` that fits, up to a space where one is near the end of it."""
    # No more than three characters in a row take no cell, so what fits is among these.
    part = text[: 4 * width + 1]
    if len(part) == len(text) and cell_len(text) <= width:
        return text
    piece = chop_cells(part, width)[0]
    space = piece.rfind(" ")
    return piece[: space + 1] if space > len(piece) * _NEAR else piece
