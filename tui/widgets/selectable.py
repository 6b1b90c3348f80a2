"""Lines of which a person selects text with the mouse, to copy it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from rich.segment import Segment
from textual.geometry import Offset
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tui.ink import Palette
from tui.lines.selected import Piece, copied

SELECTED: Final = "selected"


class Selectable(ScrollView):
    """Draws lines of which a part can be selected.

    A place is that of a line among all of them, also of those that are scrolled away; the column
    is one of the whole line. Textual asks a widget that draws its own lines for neither.
    """

    @abstractmethod
    def spot_at(self, x: int, y: int) -> Offset:
        """Return column and place of what is drawn at a cell of the widget, or nearest to it."""

    @abstractmethod
    def piece_at(self, place: int) -> Piece:
        """Return the line at a place as it is copied."""

    @property
    @abstractmethod
    def places(self) -> int:
        """How many lines there are."""

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what is selected, and what ends it."""
        start, end = selection.start or Offset(), selection.end
        last = self.places - 1 if end is None else min(end.y, self.places - 1)
        column = end.x if end is not None and end.y == last else None
        pieces = (self.piece_at(place) for place in range(max(start.y, 0), last + 1))
        return copied(pieces, start.x, column), "\n"

    def marked(self, strip: Strip, place: int, palette: Palette, *, left: int = 0) -> Strip:
        """Return a line with what is selected of it marked; its first `left` cells are not seen."""
        selection = self.text_selection
        span = selection.get_span(place) if selection is not None else None
        if span is None:
            return strip
        width = strip.cell_length
        start = min(max(span[0] - left, 0), width)
        end = width if span[1] < 0 else min(max(span[1] - left, start), width)
        chosen = Strip([Segment(strip.crop(start, end).text, palette[SELECTED])])
        return Strip.join([strip.crop(0, start), chosen, strip.crop(end, width)])
