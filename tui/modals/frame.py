"""What every dialog looks like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, Generic, Protocol, TypeVar, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.await_complete import AwaitComplete
from textual.geometry import Offset
from textual.message import Message
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.ink import Line, Palette, line
from tui.keymap import key_name
from tui.lines.hints import Hint, hint_spans, key_at
from tui.selecting import under_mouse
from tui.widgets.bar import Bar

T = TypeVar("T")
_KEYS: Final = "keys"
_DIM: Final = Style(dim=True)


class Framed(ModalScreen[T], Generic[T]):
    """A dialog in a frame in the middle of the page, which stays visible around it."""

    DEFAULT_CSS = """
    Framed { align: center middle; }
    Framed > Vertical {
        width: 90%; max-width: 130; height: 85%; padding: 0 1;
        border: round ansi_bright_blue; background: ansi_default;
    }
    """

    keys: ClassVar[Sequence[tuple[str, str]]] = ()
    """The keys that its last row shows, and what each does; a click on one presses it."""

    class Up(Message, bubble=True):
        """It takes keys from now on."""

    ready = False
    """Whether something in it has had the focus, to which what is typed goes."""

    def on_descendant_focus(self) -> None:
        """Say once that keys can come."""
        if not self.ready:
            self.ready = True
            self.post_message(self.Up())

    def keys_bar(self, palette: Palette) -> Bar:
        """Return the last row: the keys."""
        bar = Bar(palette, id=_KEYS)
        bar.show(hint_spans(self._hints()))
        bar.clicked = lambda x: self._press(key_at(self._hints(), x))
        return bar

    def _hints(self) -> list[Hint]:
        return [key_hint(key, words) for key, words in self.keys]

    def _press(self, key: str) -> None:
        """Have a key done that was clicked, in its turn among those that were typed."""
        if key:
            cast("Presses", self.app).press(key)

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Return what the mouse is on, and where in its text."""
        return under_mouse(self, x, y)

    def _select_all_in_widget(self, widget: Widget) -> None:
        """Select nothing by a double click: it chooses."""

    def render(self) -> RenderableType:
        """Draw the page below, dim: none of its keys act now."""
        drawn = super().render()
        return _Dim(drawn.screen, drawn.color) if isinstance(drawn, BackgroundScreen) else drawn

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close once: a key typed twice must not close what lies below as well."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


def key_hint(key: str, words: str, *, clickable: bool = True) -> Hint:
    """Return a key of a dialog with what it does."""
    spans: Line = line((key_name(key), "key"), f" {words}   ")
    return Hint(key if clickable else "", spans)


class Presses(Protocol):
    """An app that does a key as if it were typed."""

    def press(self, key: str) -> None:
        """Do `key`."""


class _Dim(BackgroundScreen):
    """The page below; a tint would turn the terminal's own colours into others."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        segments = console.render(self.screen._compositor, options)  # noqa: SLF001 - as its base does
        for text, style, control in self.process_segments(segments, self.color):
            yield Segment(text, style + _DIM if style else _DIM, control)
