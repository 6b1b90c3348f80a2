"""A table of any length: only the rows on the screen are ever drawn.

The order stands still under the cursor. What is new waits to be merged, what is gone is struck
through until then, and the cursor and the marks belong to keys, not to lines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ink import Line, Palette, Span, shortened, shortened_middle, strip_of, text_of
from tui.palettes import UNICODE, Glyphs

R = TypeVar("R")
_HEAD: Final = 1
_GAP: Final = 1


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: its `cell` of a row; `grow` shares what is left, higher `rank` goes first.

    `middle` shortens in the middle, as addresses need it.
    """

    name: str
    title: str
    width: int
    cell: Callable[[R], Span]
    grow: int = 0
    rank: int = 0
    middle: bool = False


class LineTable(ScrollView, Generic[R], can_focus=True):
    """Rows by key, drawn by line; a key without a row is drawn as its `title`."""

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
        Binding("space", "mark", "Mark", id="table.mark"),
        Binding("v", "range", "Mark a range", show=False, id="table.range"),
        Binding("*", "invert", "Invert marks", show=False, id="table.invert"),
        Binding("ctrl+a,a", "mark_all", "Mark all shown", show=False, id="table.mark_all"),
        Binding("backslash", "clear_marks", "Clear marks", show=False, id="table.clear_marks"),
    ]
    DEFAULT_CSS = """
    LineTable { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    class Opened(Message, bubble=True):
        """A row was asked for."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

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
        id: str | None = None,  # noqa: A002 - the name that textual gave it
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._palette = palette
        self._glyphs = glyphs
        self._empty = empty
        self._rows: Mapping[str, R] = {}
        self._order: tuple[str, ...] = ()
        self._places: dict[str, int] | None = {}
        self._cursor = 0
        self._anchor: str | None = None
        self._laid_for: int | None = None
        self._laid: tuple[tuple[Column[R], int], ...] = ()
        self.marks: set[str] = set()
        self.sorted_by = ""

    # What is shown.

    def show(self, rows: Mapping[str, R], order: Sequence[str]) -> None:
        """Show `rows` in `order`; the cursor stays on its row and that row on its line."""
        key = self.cursor_key
        line = self._cursor - self.scroll_offset.y
        self._rows, self._order = rows, tuple(order)
        self._places = None
        place = self.place_of(key) if key else None
        self._cursor = self._clamped(self._cursor if place is None else place)
        self.virtual_size = Size(self._inner_width, len(self._order) + _HEAD)
        if place is not None:
            self.scroll_to(y=max(place - line, 0), animate=False)
        self._into_view()
        self.refresh()
        if self.cursor_key != key:
            self.post_message(self.Highlighted(self.cursor_key))

    def show_columns(self, columns: Sequence[Column[R]]) -> None:
        """Show other columns of the same rows."""
        self._columns = tuple(columns)
        self._laid_for = None
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
            return self._head(width)
        place = self.scroll_offset.y + y - _HEAD
        if place >= len(self._order):
            return self._beyond(y - _HEAD, width)
        key = self._order[place]
        base = "cursor" if place == self._cursor and self.has_focus else ""
        if place == self._cursor and not self.has_focus:
            base = "under"
        row = self._rows.get(key)
        mark = Span(self._glyphs.mark if key in self.marks else " ", "mark")
        if base == "cursor":
            # Yellow or dim on the bar of the cursor cannot be read; the words say the same.
            spans = self.title(key) if row is None else self._cells(row, width)
            plain = tuple(Span(span.text) for span in (mark, *spans))
            return strip_of(plain, self._palette, width=width, base=base)
        if row is None:
            return strip_of((mark, *self.title(key)), self._palette, width=width, base=base)
        return strip_of((mark, *self._cells(row, width)), self._palette, width=width, base=base)

    def _head(self, width: int) -> Strip:
        spans = [Span(" ")]
        for column, size in self._layout(width):
            sign = self._glyphs.down if column.name == self.sorted_by else ""
            spans.append(Span(shortened(f"{column.title}{sign}", size), "head"))
            spans.append(Span(" " * _GAP))
        return strip_of(tuple(spans), self._palette, width=width)

    def _cells(self, row: R, width: int) -> Line:
        spans: list[Span] = []
        for column, size in self._layout(width):
            text, style = column.cell(row)
            safe = text_of((Span(text),))
            fitted = shortened_middle(safe, size, sign=self._palette.cut) if column.middle else safe
            spans.append(Span(shortened(fitted, size, sign=self._palette.cut), style))
            spans.append(Span(" " * _GAP))
        return tuple(spans)

    def _beyond(self, y: int, width: int) -> Strip:
        lines = self._empty() if not self._order else ()
        if 0 < y <= len(lines):
            return strip_of((Span("  "), *lines[y - 1]), self._palette, width=width)
        return Strip.blank(width)

    def _layout(self, width: int) -> tuple[tuple[Column[R], int], ...]:
        if self._laid_for != width:
            self._laid, self._laid_for = _fitted(self._columns, width - 1), width
        return self._laid

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._laid_for = None
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
        """Ask for the row under the cursor."""
        if self.cursor_key:
            self.post_message(self.Opened(self.cursor_key))

    def _put_cursor(self, place: int) -> None:
        before, self._cursor = self._cursor, self._clamped(place)
        if before == self._cursor:
            return
        scrolled = self._into_view()
        if not scrolled:
            for changed in (before, self._cursor):
                at = changed - self.scroll_offset.y + _HEAD
                self.refresh(Region(0, at, self.size.width, 1))
        self.post_message(self.Highlighted(self.cursor_key))

    def _clamped(self, place: int) -> int:
        return max(min(place, len(self._order) - 1), 0)

    def _into_view(self) -> bool:
        top, height = self.scroll_offset.y, max(self.size.height - _HEAD, 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)
        else:
            return False
        return True

    # Marks.

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor, and go on to the next."""
        key = self.cursor_key
        if not key:
            return
        self.toggle((key,) if key in self._rows else self.members_of(key))
        self._anchor = key
        self._put_cursor(self._cursor + 1)

    def action_range(self) -> None:
        """Mark from the row marked last to the cursor."""
        start = self.place_of(self._anchor) if self._anchor else None
        if start is None:
            self._anchor = self.cursor_key
            self.toggle((self.cursor_key,))
            return
        first, last = sorted((start, self._cursor))
        self.marks.update(key for key in self._order[first : last + 1] if key in self._rows)
        self.marks_changed()

    def action_mark_all(self) -> None:
        """Mark every row that is shown."""
        self.marks.update(key for key in self._order if key in self._rows)
        self.marks_changed()

    def action_invert(self) -> None:
        """Mark what is not marked among the rows that are shown."""
        self.marks ^= {key for key in self._order if key in self._rows}
        self.marks_changed()

    def action_clear_marks(self) -> None:
        """Unmark everything."""
        self.marks.clear()
        self.marks_changed()

    def toggle(self, keys: Collection[str]) -> None:
        """Mark `keys`, or unmark them where all are marked."""
        chosen = set(keys)
        if chosen <= self.marks:
            self.marks -= chosen
        else:
            self.marks |= chosen
        self.marks_changed()

    def members_of(self, _key: str) -> Collection[str]:
        """Return the keys that stand under a title."""
        return ()

    def marks_changed(self) -> None:
        """Show the marks."""
        self.refresh()
        self.post_message(self.Highlighted(self.cursor_key))

    # The mouse.

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a second click opens."""
        place = self.scroll_offset.y + int(event.y) - _HEAD
        if int(event.y) < _HEAD or place >= len(self._order):
            return
        if place == self._cursor and event.chain > 1:
            self.action_open()
        self._put_cursor(place)

    def on_focus(self) -> None:
        """Show the cursor as the one that keys act on."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.refresh()


def _fitted(columns: Sequence[Column[Any]], width: int) -> tuple[tuple[Column[Any], int], ...]:
    """Return the columns that fit in `width` cells, and how wide each is."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + _GAP for column in kept) > width:
        kept.remove(min(kept, key=lambda column: column.rank))
    left = max(width - sum(column.width + _GAP for column in kept), 0)
    shares = sum(column.grow for column in kept)
    return tuple(
        (column, column.width + (left * column.grow // shares if shares else 0)) for column in kept
    )
