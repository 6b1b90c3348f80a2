"""Lines broken to a width; what goes on is indented as far as its line was, and a little more."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells

from tui.ink import Line, Span, text_of

_FURTHER = 2


def wrapped(spans: Line, width: int) -> list[Line]:
    """Return a line as lines of at most `width` cells; nothing of it is left out."""
    text = text_of(spans)
    if len(text) <= width and (text.isascii() or cell_len(text) <= width):
        return [spans]
    indent = min(len(text) - len(text.lstrip(" ")) + _FURTHER, width // 3)
    lines: list[Line] = []
    current: list[Span] = []
    left = width
    for span in spans:
        rest = text_of((span,))
        while rest:
            if left <= 0:
                lines.append(tuple(current))
                current, left = [Span(" " * indent)], width - indent
            piece = chop_cells(rest, left)[0] if cell_len(rest) > left else rest
            if not piece:  # a wide character that does not fit any more
                left = 0
                continue
            current.append(Span(piece, span.style))
            rest, left = rest[len(piece) :], left - cell_len(piece)
    lines.append(tuple(current))
    return lines
