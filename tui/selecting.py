"""Where the mouse is in what a person reads: a selection stays within the lines it began in."""

from __future__ import annotations

from typing import Any

from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from tui.widgets.selectable import Selectable


def under_mouse(screen: Screen[Any], x: int, y: int) -> tuple[Widget | None, Offset | None]:
    """Return what is drawn at a cell of the screen, and the spot in its text where it has some.

    While a selection is drawn that is always what it began in, with the spot nearest to the mouse:
    beyond its edge textual would select everything up to the other end of it.
    """
    widget = _began_in(screen)
    if widget is None:
        try:
            widget, _region = screen.get_widget_at(x, y)
        except NoWidget:
            return None, None
    if not isinstance(widget, Selectable):
        return widget, None
    area = widget.content_region
    return widget, widget.spot_at(
        min(max(x - area.x, 0), max(area.width - 1, 0)),
        min(max(y - area.y, 0), max(area.height - 1, 0)),
    )


def _began_in(screen: Screen[Any]) -> Widget | None:
    state = screen._select_state if screen._selecting else None  # noqa: SLF001 - textual has no other
    widget = state.start.content_widget if state is not None else None
    return widget if isinstance(widget, Selectable) and widget.is_attached else None
