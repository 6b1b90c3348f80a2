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
            if left < width - indent and _is_better_below(current, rest, left, width - indent):
                left = 0
                continue
            piece = _piece(rest, left, width - indent)
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


def _is_better_below(current: list[Span], rest: str, left: int, room: int) -> bool:
    """Whether a word that begins `rest` is cut here, and would be whole on a line of its own."""
    if not current or not current[-1].text.endswith(" ") or rest[0] == " ":
        return False
    word = _word(rest, room)
    return word is not None and cell_len(word) > left


def _word(text: str, room: int) -> str | None:
    """Return the word that `text` begins with; None where it does not fit into `room` cells."""
    # No more than three characters in a row take no cell, as below.
    end = text.find(" ", 0, 4 * room + 1)
    if end < 0 and len(text) > 4 * room:
        return None
    word = text if end < 0 else text[:end]
    return word if cell_len(word) <= room else None


def _piece(text: str, width: int, room: int) -> str:
    """Return the beginning of `text` that fits into `width` cells.

    It ends at a space where one is near the end of it, or where the word behind that fits into
    the `room` of the next line: only what is longer than a line is cut inside.
    """
    # No more than three characters in a row take no cell, so what fits is among these.
    part = text[: 4 * width + 1]
    if len(part) == len(text) and cell_len(text) <= width:
        return text
    piece = chop_cells(part, width)[0]
    space = piece.rfind(" ")
    if space >= 0 and (
        space > len(piece) * _NEAR or _word(text[space + 1 :][: 4 * room + 1], room)
    ):
        return piece[: space + 1]
    return piece
