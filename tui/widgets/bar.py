"""One row of the frame: the status above, the keys below."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.ink import PLAIN, Line, Palette, strip_of


class Bar(Widget):
    """A single line that is set from outside; nothing of it is selected.

    `clicked` is called with the cell of a click.
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
        self.clicked: Callable[[int], object] = lambda _x: None

    def show(self, spans: Line) -> None:
        """Show `spans`; drawn only when they are others."""
        if spans != self._line:
            self._line = spans
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
        """Draw it."""
        del y
        return strip_of(self._line, self._palette, width=self.size.width, base=self._base)
