"""A document of lines that wraps, scrolls, searches and is drawn a screen at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Offset, Size
from textual.strip import Strip

from tui.ink import Line, Palette, Span, strip_of, text_of, text_of_lines
from tui.lines.searching import next_place, places_of
from tui.lines.selected import Piece
from tui.lines.wrapping import wrapped
from tui.widgets.selectable import Selectable


class Document(Selectable, can_focus=True):
    """Lines of any number; long ones are wrapped, or reached by scrolling to the right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Up", show=False, id="document.up"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="document.down"),
        Binding("pageup,ctrl+u", "pages(-1)", "Page up", show=False, id="document.page_up"),
        Binding("pagedown,ctrl+d", "pages(1)", "Page down", show=False, id="document.page_down"),
        Binding("home,g", "to(0)", "Top", show=False, id="document.top"),
        Binding("end,G", "to(1)", "Bottom", show=False, id="document.bottom"),
        Binding("left", "sideways(-8)", "Left", show=False, id="document.left"),
        Binding("w", "wrap", "Wrap", show=False, id="document.wrap"),
        Binding("right", "sideways(8)", "Right", show=False, id="document.right"),
    ]
    DEFAULT_CSS = """
    Document { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._palette = palette
        self._lines: list[Line] = []
        self._drawn: list[Line] = []
        self._drawn_for = 0
        self._wraps = True
        self._left = 0
        self._needle = ""
        self._found: list[int] = []
        self._marked: set[int] = set()
        self._indents: dict[int, int] = {}
        """By how much a line goes in that goes on from the one above it."""
        self.follow = False

    def show(self, lines: Sequence[Line], *, keep: bool = True) -> None:
        """Show `lines`; with `keep` the place that was read stays where it is."""
        self._lines = list(lines)
        self._redraw()
        if not keep:
            self._left = 0
            self.scroll_to(y=0, animate=False)

    def extend(self, lines: Sequence[Line], *, most: int) -> None:
        """Add `lines` at the end, and drop from the beginning what is more than `most`."""
        if len(self._lines) + len(lines) > most:
            self.show([*self._lines, *lines][-most:])
            return
        self._lines += lines
        self._draw(lines)

    def _draw(self, lines: Sequence[Line]) -> None:
        self._drawn_for = self._width
        for spans in lines:
            pieces = list(wrapped(spans, self._width)) if self._wraps else [spans]
            if self._needle:
                places = places_of(self._needle, spans, pieces)
                found = [len(self._drawn) + place for place in places]
                self._found += found
                self._marked.update(found)
            for place, piece in enumerate(pieces[1:], len(self._drawn) + 1):
                self._indents[place] = len(piece[0].text)
            self._drawn += pieces
        self.virtual_size = Size(self._width, len(self._drawn))
        if self.follow:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        self.refresh()

    def repaint(self, palette: Palette) -> None:
        """Draw with other colours."""
        self._palette = palette
        self.refresh()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return tuple(self._lines)

    @property
    def text(self) -> str:
        """What is shown, as it would be copied."""
        return text_of_lines(self._lines)

    @property
    def at_end(self) -> bool:
        """Whether the last line is on the screen."""
        return self.scroll_offset.y >= self.max_scroll_y

    @property
    def _width(self) -> int:
        return max(self.size.width - self.scrollbar_size_vertical, 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        place = self.scroll_offset.y + y
        if place >= len(self._drawn):
            return Strip.blank(self._width)
        spans = self._drawn[place]
        base = "under" if place in self._marked else ""
        if self._left:
            spans = _without(spans, self._left)
        strip = strip_of(spans, self._palette, width=self._width, base=base)
        return self.marked(strip, place, self._palette, left=self._left)

    def spot_at(self, x: int, y: int) -> Offset:
        """Return the column and the line at a cell."""
        return Offset(x + self._left, self.scroll_offset.y + y)

    def piece_at(self, place: int) -> Piece:
        """Return a line as it is drawn."""
        return Piece(text_of(self._drawn[place]), self._indents.get(place, 0))

    @property
    def places(self) -> int:
        """How many lines are drawn, with those that are scrolled away."""
        return len(self._drawn)

    @property
    def needle(self) -> str:
        """The text that is searched for, in small letters; empty without a search."""
        return self._needle

    def find(self, text: str) -> int:
        """Mark the lines that hold `text` and go to one; return how many there are.

        The one gone to is the first from the top of the screen on; when the same text is searched
        for once more, the next. An empty text ends the search.
        """
        again = text.lower() == self._needle
        self._needle = text.lower()
        self._redraw()
        top = self.scroll_offset.y
        if again or top not in self._found:
            self.next_found(1)
        return len(self._found)

    def next_found(self, by: int) -> None:
        """Go to the next or the previous line found; from the last one to the first."""
        top = self.scroll_offset.y
        # At the end of the document no line below comes to the top of the screen any more.
        last = by > 0 and top >= self.max_scroll_y
        place = next_place(self._found, -1 if last else top, by)
        if place is not None:
            self._scroll(place)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        if self._drawn_for != self._width:
            self._redraw()

    def _redraw(self) -> None:
        self._drawn, self._found, self._marked, self._indents = [], [], set(), {}
        self._draw(self._lines)

    def action_wrap(self) -> None:
        """Wrap long lines, or let them run out of the screen."""
        self._wraps = not self._wraps
        self._left = 0
        self._redraw()

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self._scroll(self.scroll_offset.y + by)

    def action_pages(self, by: int) -> None:
        """Scroll by pages."""
        self._scroll(self.scroll_offset.y + by * max(self.size.height - 1, 1))

    def action_to(self, end: int) -> None:
        """Scroll to the first or the last line."""
        self._scroll(self.max_scroll_y if end else 0)

    def action_sideways(self, by: int) -> None:
        """Scroll sideways by cells."""
        self._left = max(self._left + by, 0)
        self.refresh()

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=max(min(y, self.max_scroll_y), 0), animate=False)


def _without(spans: Line, left: int) -> Line:
    """Return the spans without their first `left` characters."""
    kept: list[Span] = []
    for text, style in spans:
        shown = text_of((Span(text),))
        kept.append(Span(shown[left:], style))
        left = max(left - len(shown), 0)
    return tuple(kept)
