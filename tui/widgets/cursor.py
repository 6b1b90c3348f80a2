"""A cursor that belongs to a key, not to a line, over an order of any length."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message

from tui.widgets.selectable import Selectable

HEAD: Final = 1
"""The line of titles, which stays where it is."""


class CursorLines(Selectable):
    """Keys in an order, one a line below the head, and a cursor on one of them.

    `opened` is called with the key of a row that is asked for.
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

    class Highlighted(Message, bubble=True, namespace="line_table"):
        """The cursor came to another row; `key` is empty where there is none."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - the name that textual gave it
    ) -> None:
        super().__init__(id=id)
        self.opened: Callable[[str], object] = lambda _key: None
        self._order: Sequence[str] = ()
        self._places: dict[str, int] | None = {}
        self._cursor = 0

    @property
    @abstractmethod
    def inner_width(self) -> int:
        """How many cells a line has."""

    def put_order(self, order: Sequence[str]) -> None:
        """Put the keys in `order`; the cursor stays on its key, and that on its line.

        Where the wheel brought the cursor's row off the screen, it stays off it.
        """
        key = self.cursor_key
        line = self._cursor - self.scroll_offset.y
        was_seen = self._is_cursor_seen
        self._order, self._places = order, None
        place = self.place_of(key) if key else None
        self._cursor = self._clamped(self._cursor if place is None else place)
        self.virtual_size = Size(self.inner_width, len(self._order) + HEAD)
        if place is not None:
            self.scroll_to(y=max(place - line, 0), animate=False)
        if was_seen or place is None:
            self._into_view()
        self.refresh()
        if self.cursor_key != key:
            self.post_message(self.Highlighted(self.cursor_key))

    def place_of(self, key: str) -> int | None:
        """Return the line of a key, counted from the first row."""
        if not self.stands(key):
            return None
        return self._order.index(key) if self._places is None else self._places[key]

    def stands(self, key: str) -> bool:
        """Whether a key has a line; this takes no longer the more lines there are."""
        if not isinstance(self._order, tuple):  # it knows its keys by itself
            return key in self._order
        if self._places is None:
            self._places = {name: place for place, name in enumerate(self._order)}
        return key in self._places

    @property
    def order(self) -> Sequence[str]:
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

    # Moving.

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self._put_cursor(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move by whole pages."""
        self._put_cursor(self._cursor + by * max(self.size.height - HEAD - 1, 1))

    def action_half(self, by: int) -> None:
        """Move by half pages."""
        self._put_cursor(self._cursor + by * max((self.size.height - HEAD) // 2, 1))

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
                at = changed - self.scroll_offset.y + HEAD
                self.refresh(Region(0, at, self.size.width, 1))
        self.post_message(self.Highlighted(self.cursor_key))

    def _clamped(self, place: int) -> int:
        return max(min(place, len(self._order) - 1), 0)

    @property
    def _is_cursor_seen(self) -> bool:
        return 0 <= self._cursor - self.scroll_offset.y < max(self.size.height - HEAD, 1)

    def _into_view(self) -> bool:
        top, height = self.scroll_offset.y, max(self.size.height - HEAD, 1)
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
        place = self.scroll_offset.y + int(event.y) - HEAD
        if int(event.y) < HEAD or place >= len(self._order):
            return
        opens = place == self._cursor and event.chain > 1
        self._put_cursor(place)
        if opens:
            self.action_open()  # it may put the rows in another order
