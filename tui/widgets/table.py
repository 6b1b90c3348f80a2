"""A table of any length: only the rows on the screen are ever drawn.

The order stands still under the cursor. What is new waits to be merged, what is gone is struck
through until then, and the cursor belongs to a key, not to a line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.strip import Strip

from tui.ink import Line, Palette, Span, strip_of
from tui.lines.selected import Piece
from tui.lines.wrapping import wrapped
from tui.palettes import UNICODE, Glyphs
from tui.widgets.columns import Column, Columns
from tui.widgets.selectable import Selectable

R = TypeVar("R")
_HEAD: Final = 1
_INDENT: Final = "  "
_COPIED: Final = Palette({})


class LineTable(Selectable, Generic[R], can_focus=True):
    """Rows by key, drawn by line; a key without a row is drawn as its `title`.

    `opened` is called with the key of a row that is asked for.

    The row of the cursor stands out where keys act on it: where the table has the focus, and with
    `keys_from_beside` always.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("ctrl+u", "half(-1)", "Half a page up", show=False, id="table.half_up"),
        Binding("ctrl+d", "half(1)", "Half a page down", show=False, id="table.half_down"),
        Binding("home,g", "end(0)", "First", show=False, id="table.first"),
        Binding("end,G", "end(1)", "Last", show=False, id="table.last"),
        Binding("enter", "open", "Open", id="table.open"),
    ]
    DEFAULT_CSS = """
    LineTable { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    class Highlighted(Message, bubble=True):
        """The cursor came to another row; `key` is empty where there is none."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

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
        self.opened: Callable[[str], object] = lambda _key: None
        self._keys_from_beside = keys_from_beside
        self._rows: Mapping[str, R] = {}
        self._order: tuple[str, ...] = ()
        self._places: dict[str, int] | None = {}
        self._cursor = 0
        self.sorted_by = ""

    # What is shown.

    def show(self, rows: Mapping[str, R], order: Sequence[str]) -> None:
        """Show `rows` in `order`; the cursor stays on its row and that row on its line.

        Where the wheel brought the cursor's row off the screen, it stays off it.
        """
        key = self.cursor_key
        line = self._cursor - self.scroll_offset.y
        was_seen = self._is_cursor_seen
        self._rows, self._order = rows, tuple(order)
        self._places = None
        place = self.place_of(key) if key else None
        self._cursor = self._clamped(self._cursor if place is None else place)
        self.virtual_size = Size(self._inner_width, len(self._order) + _HEAD)
        if place is not None:
            self.scroll_to(y=max(place - line, 0), animate=False)
        if was_seen or place is None:
            self._into_view()
        self.refresh()
        if self.cursor_key != key:
            self.post_message(self.Highlighted(self.cursor_key))

    def show_columns(self, columns: Sequence[Column[R]]) -> None:
        """Show other columns of the same rows."""
        self._columns = Columns(columns)
        self.refresh()

    def redraw(self, keys: Collection[str] | None = None) -> None:
        """Draw the rows of `keys` anew, as far as they are on the screen; None draws all."""
        top, height = self.scroll_offset.y, self.size.height - _HEAD
        if keys is None:
            self.refresh()
            return
        for line, key in enumerate(self._order[top : top + height]):
            if key in keys:
                self.refresh(Region(0, line + _HEAD, self.size.width, 1))

    def repaint(self, palette: Palette, glyphs: Glyphs) -> None:
        """Draw with other colours and signs."""
        self._palette, self._glyphs = palette, glyphs
        self.refresh()

    def place_of(self, key: str) -> int | None:
        """Return the line of a key, counted from the first row."""
        if self._places is None:
            self._places = {name: place for place, name in enumerate(self._order)}
        return self._places.get(key)

    @property
    def order(self) -> tuple[str, ...]:
        """The keys as they stand."""
        return self._order

    @property
    def cursor_key(self) -> str:
        """The key under the cursor; empty where there is no row."""
        return self._order[self._cursor] if self._cursor < len(self._order) else ""

    def go_to(self, key: str) -> bool:
        """Put the cursor on a key; return whether it is here."""
        place = self.place_of(key)
        if place is None:
            return False
        self._put_cursor(place)
        return True

    def title(self, key: str) -> Line:
        """Return what stands for a key that has no row, such as one that has just gone."""
        return (Span(key, "struck"),)

    # Drawing.

    @property
    def _inner_width(self) -> int:
        return max(self.size.width - self.scrollbar_size_vertical, 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        width = self._inner_width
        if y < _HEAD:
            sign = self._glyphs.down
            head = self._columns.head(width, sorted_by=self.sorted_by, sign=sign)
            return strip_of((Span(" "), *head), self._palette, width=width)
        place = self.scroll_offset.y + y - _HEAD
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
        return Offset(x, self.scroll_offset.y + max(y - _HEAD, 0))

    def piece_at(self, place: int) -> Piece:
        """Return a row as it is drawn, cut where it is cut."""
        width = self._inner_width
        return Piece(strip_of(self._spans_at(place, width), _COPIED, width=width).text)

    @property
    def places(self) -> int:
        """How many rows there are; without any, how many lines stand in their place."""
        return len(self._order) or len(self._instead(self._inner_width)) + 1

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
        self.virtual_size = Size(self._inner_width, len(self._order) + _HEAD)
        self._into_view()

    # Moving.

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self._put_cursor(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move by whole pages."""
        self._put_cursor(self._cursor + by * max(self.size.height - _HEAD - 1, 1))

    def action_half(self, by: int) -> None:
        """Move by half pages."""
        self._put_cursor(self._cursor + by * max((self.size.height - _HEAD) // 2, 1))

    def action_end(self, last: int) -> None:
        """Move to the first or the last row."""
        self._put_cursor(len(self._order) - 1 if last else 0)

    def action_open(self) -> None:
        """Open the row under the cursor at once: the key typed after it is for what that opens."""
        if self.cursor_key:
            self.opened(self.cursor_key)

    def _put_cursor(self, place: int) -> None:
        before, self._cursor = self._cursor, self._clamped(place)
        scrolled = self._into_view()
        if before == self._cursor:
            return
        if not scrolled:
            for changed in (before, self._cursor):
                at = changed - self.scroll_offset.y + _HEAD
                self.refresh(Region(0, at, self.size.width, 1))
        self.post_message(self.Highlighted(self.cursor_key))

    def _clamped(self, place: int) -> int:
        return max(min(place, len(self._order) - 1), 0)

    @property
    def _is_cursor_seen(self) -> bool:
        return 0 <= self._cursor - self.scroll_offset.y < max(self.size.height - _HEAD, 1)

    def _into_view(self) -> bool:
        top, height = self.scroll_offset.y, max(self.size.height - _HEAD, 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)
        else:
            return False
        return True

    # The mouse.

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a second click opens."""
        place = self.scroll_offset.y + int(event.y) - _HEAD
        if int(event.y) < _HEAD or place >= len(self._order):
            return
        opens = place == self._cursor and event.chain > 1
        self._put_cursor(place)
        if opens:
            self.action_open()  # it may put the rows in another order

    def on_focus(self) -> None:
        """Show the cursor as the one that keys act on."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.refresh()
