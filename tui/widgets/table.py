"""A table of any length: only the rows on the screen are ever drawn.

The order stands still under the cursor. What is new waits to be merged, what is gone is struck
through until then, and the cursor belongs to a key, not to a line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from tui.ink import Line, Palette, Span, strip_of
from tui.lines.selected import Piece
from tui.lines.wrapping import wrapped
from tui.palettes import UNICODE, Glyphs
from tui.widgets.columns import Column, Columns
from tui.widgets.cursor import HEAD, CursorLines

R = TypeVar("R")
_INDENT: Final = "  "
_MEASURED: Final = 500
"""Rows whose texts are measured; of 100,000 that would take longer than to draw them."""
_COPIED: Final = Palette({})


class LineTable(CursorLines, Generic[R], can_focus=True):
    """Rows by key, drawn by line; a key without a row is drawn as its `title`.

    The row of the cursor stands out where keys act on it: where the table has the focus, and with
    `keys_from_beside` always.
    """

    DEFAULT_CSS = """
    LineTable { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(
        self,
        *,
        columns: Sequence[Column[R]],
        palette: Palette,
        glyphs: Glyphs = UNICODE,
        empty: Callable[[], Sequence[Line]] = lambda: (),
        keys_from_beside: bool = False,
        id: str | None = None,  # noqa: A002 - the name that textual gave it
    ) -> None:
        super().__init__(id=id)
        self._columns = Columns(columns)
        self._palette = palette
        self._glyphs = glyphs
        self._empty = empty
        self._keys_from_beside = keys_from_beside
        self._rows: Mapping[str, R] = {}
        self.sorted_by = ""

    # What is shown.

    def show(self, rows: Mapping[str, R], order: Sequence[str]) -> None:
        """Show `rows` in `order`; the cursor stays on its row."""
        self._rows = rows
        self._measure()
        self.put_order(tuple(order) if isinstance(order, list) else order)

    def show_columns(self, columns: Sequence[Column[R]]) -> None:
        """Show other columns of the same rows."""
        self._columns = Columns(columns)
        self._measure()
        self.refresh()

    def _measure(self) -> None:
        measured = islice(self._rows.values(), _MEASURED)
        self._columns.measure(measured, all_of_them=len(self._rows) <= _MEASURED)

    def redraw(self, keys: Collection[str] | None = None) -> None:
        """Draw the rows of `keys` anew, as far as they are on the screen; None draws all."""
        top, height = self.scroll_offset.y, self.size.height - HEAD
        if keys is None:
            self.refresh()
            return
        for line, key in enumerate(self._order[top : top + height]):
            if key in keys:
                self.refresh(Region(0, line + HEAD, self.size.width, 1))

    def repaint(self, palette: Palette, glyphs: Glyphs) -> None:
        """Draw with other colours and signs."""
        self._palette, self._glyphs = palette, glyphs
        self.refresh()

    def title(self, key: str) -> Line:
        """Return what stands for a key that has no row, such as one that has just gone."""
        return (Span(key, "struck"),)

    # Drawing.

    @property
    def inner_width(self) -> int:
        """How many cells a line has beside the scroll bar."""
        return max(self.size.width - self.scrollbar_size_vertical, 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        width = self.inner_width
        if y < HEAD:
            sign = self._glyphs.down
            head = self._columns.head(width, sorted_by=self.sorted_by, sign=sign)
            return strip_of((Span(" "), *head), self._palette, width=width)
        place = self.scroll_offset.y + y - HEAD
        return self.marked(self._row_at(place, width), place, self._palette)

    def _row_at(self, place: int, width: int) -> Strip:
        spans = self._spans_at(place, width)
        if place != self._cursor or not self._order:
            return strip_of(spans, self._palette, width=width)
        if not (self.has_focus or self._keys_from_beside):
            return strip_of(spans, self._palette, width=width, base="under")
        # Yellow or dim on the bar of the cursor cannot be read; the words say the same.
        plain = tuple(Span(span.text) for span in spans)
        return strip_of(plain, self._palette, width=width, base="cursor")

    def _spans_at(self, place: int, width: int) -> Line:
        if self._order:
            return self._line_of(self._order[place], width) if place < len(self._order) else ()
        lines = self._instead(width)
        return (Span(_INDENT), *lines[place - 1]) if 0 < place <= len(lines) else ()

    def _instead(self, width: int) -> list[Line]:
        """Return what stands where there is no row."""
        room = max(width - len(_INDENT), 1)
        return [piece for spans in self._empty() for piece in wrapped(spans, room)]

    def spot_at(self, x: int, y: int) -> Offset:
        """Return the column and the row at a cell; of the head, those of the row below it."""
        return Offset(x, self.scroll_offset.y + max(y - HEAD, 0))

    def piece_at(self, place: int) -> Piece:
        """Return a row as it is drawn, cut where it is cut."""
        width = self.inner_width
        return Piece(strip_of(self._spans_at(place, width), _COPIED, width=width).text)

    @property
    def places(self) -> int:
        """How many rows there are; without any, how many lines stand in their place."""
        return len(self._order) or len(self._instead(self.inner_width)) + 1

    def _line_of(self, key: str, width: int) -> Line:
        row = self._rows.get(key)
        sign = Span(self.sign_of(key), "mark")
        if row is None:
            return (sign, *self.title(key))
        return (sign, *self._columns.cells(row, width, cut=self._palette.cut))

    def sign_of(self, _key: str) -> str:
        """Return the one cell that stands before a row."""
        return " "

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self.virtual_size = Size(self.inner_width, len(self._order) + HEAD)
        self._into_view()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys act on."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.refresh()
