"""A row of the frame: the status above, the keys or a message below."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.ink import PLAIN, Line, Palette, strip_of
from tui.lines.wrapping import wrapped


class Bar(Widget):
    """A line that is set from outside, on one row unless all of it is to be read.

    Nothing of it is selected. `clicked` is called with the cell of a click.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; }
    """

    def __init__(self, palette: Palette, *, base: str = PLAIN, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._palette = palette
        self._base = base
        self._line: Line = ()
        self._rows: list[Line] = [()]
        self.clicked: Callable[[int], object] = lambda _x: None

    def show(self, spans: Line, *, whole: bool = False) -> None:
        """Show `spans`, with `whole` on as many rows as they take; drawn only when it is other."""
        rows = wrapped(spans, self.size.width) if whole and self.size.width else [spans]
        if rows == self._rows:
            return
        if len(rows) != len(self._rows):
            self.styles.height = len(rows)
        self._line, self._rows = spans, rows
        self.refresh()

    def repaint(self, palette: Palette) -> None:
        """Draw with other colours."""
        self._palette = palette
        self.refresh()

    @property
    def line(self) -> Line:
        """What is shown."""
        return self._line

    def on_click(self, event: events.Click) -> None:
        """Tell where it was clicked."""
        self.clicked(int(event.x))

    def get_selection(self, _selection: Selection) -> None:
        """Give no text: that of a widget without any is its name."""

    def render_line(self, y: int) -> Strip:
        """Draw one of its rows."""
        spans = self._rows[y] if y < len(self._rows) else ()
        return strip_of(spans, self._palette, width=self.size.width, base=self._base)
