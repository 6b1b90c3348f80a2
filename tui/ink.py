"""What is drawn, as data: spans of text with the name of a style, and how they become strips.

Every character that reaches the terminal from the daemon passes `strip_of`, so nothing that a
resource holds can act there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.safe_text import safe_text

PLAIN: Final = ""


class Span(NamedTuple):
    """A piece of a line; `style` is a name of the palette."""

    text: str
    style: str = PLAIN


Line: TypeAlias = tuple[Span, ...]


def line(*parts: str | Span | tuple[str, str]) -> Line:
    """Return a line of plain texts and (text, style) pairs."""
    return tuple(Span(part) if isinstance(part, str) else Span(*part) for part in parts)


def text_of(spans: Iterable[Span]) -> str:
    """Return the characters of a line as they are drawn."""
    return "".join(safe_text(span.text) for span in spans)


def text_of_lines(lines: Iterable[Line]) -> str:
    """Return lines as they would be copied."""
    return "\n".join(text_of(spans).rstrip() for spans in lines)


class Palette:
    """The styles by name; a name like `added.strong` is `added` with `strong` on top."""

    def __init__(self, styles: Mapping[str, str], *, ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        """Whether the terminal takes no other character."""
        self.cut = "~" if ascii_only else "…"
        """What stands at the end of a text that did not fit: one cell."""
        self._given = styles
        self._made: dict[str, Style] = {PLAIN: Style.null()}
        self._on: dict[tuple[str, str], Style] = {}

    def __getitem__(self, name: str) -> Style:
        found = self._made.get(name)
        if found is None:
            parts = (Style.parse(self._given.get(part, "")) for part in name.split("."))
            found = self._made[name] = Style.combine(parts)
        return found

    def on(self, base: str, name: str) -> Style:
        """Return the style `name` on top of `base`."""
        found = self._on.get((base, name))
        if found is None:
            found = self._on[base, name] = self[base] + self[name]
        return found


def strip_of(spans: Line, palette: Palette, *, width: int, base: str = PLAIN) -> Strip:
    """Return the line in exactly `width` cells; what does not fit is cut, visibly."""
    segments: list[Segment] = []
    left = width
    last = PLAIN
    texts: list[str] = []
    for index, (raw, name) in enumerate(spans):
        text = in_ascii(safe_text(raw)) if palette.ascii_only else safe_text(raw)
        if name != last:
            # Neighbours of one style are one segment: what is drawn takes time by segments.
            segments.append(Segment("".join(texts), palette.on(base, last)))
            last, texts = name, []
        length = cells_of(text)
        full = length == left > 0 and any(more for more, _ in spans[index + 1 :])
        if length > left or full:
            # One cell more than there is room for, so that it is cut visibly.
            texts.append(shortened(text + " ", left, sign=palette.cut))
            left = 0
            break
        texts.append(text)
        left -= length
    segments.append(Segment("".join(texts), palette.on(base, last)))
    if left:
        segments.append(Segment(" " * left, palette[base]))
    return Strip([segment for segment in segments if segment.text], width)


def cells_of(text: str) -> int:
    """Return how many cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def in_ascii(text: str) -> str:
    """Return `text` with a `?` for each cell that ASCII has no character for."""
    if text.isascii():
        return text
    return "".join(each if each.isascii() else "?" * cell_len(each) for each in text)


def shortened(text: str, width: int, *, sign: str = "…") -> str:
    """Return `text` in exactly `width` cells; a longer one ends with `sign`."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + sign if width > 0 else ""


def shortened_middle(text: str, width: int, *, sign: str = "…") -> str:
    """Return `text` in at most `width` cells; of addresses both ends matter, the last one most."""
    safe = safe_text(text)
    if cells_of(safe) <= width or width < _NARROW:
        return safe
    tail = (width - 1) * 3 // 4
    return set_cell_size(safe, width - 1 - tail) + sign + safe[-tail:]


_NARROW: Final = 8
