"""A list to choose from, with a filter: copies, keys, commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.ink import Line, Palette, Span, line
from tui.modals.frame import Framed
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.document import Document
from tui.widgets.field import Field
from tui.widgets.table import LineTable

_AROUND: Final = 6
"""The rows of a menu beside its choices: frame, title, filter, the head of the list and keys."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of a menu: `value` is answered."""

    value: str
    name: str
    note: str = ""
    off: str = ""
    """Why it cannot be chosen now."""
    style: str = ""
    """How its note is drawn."""


class Menu(Framed[str]):
    """Answers the value chosen, or an empty text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="menu.cancel"),
        Binding("down", "move(1)", "Down", show=False, id="menu.down"),
        Binding("up", "move(-1)", "Up", show=False, id="menu.up"),
    ]
    DEFAULT_CSS = """
    Menu > Vertical { max-height: 85%; }
    """
    keys: ClassVar[Sequence[tuple[str, str]]] = (("enter", "choose"), ("escape", "cancel"))

    def __init__(self, title: str, choices: Sequence[Choice], *, palette: Palette) -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """Show the filter above the choices."""
        columns: tuple[Column[Choice], ...] = (
            Column("name", "", 26, lambda row: Span(row.name, "key"), rank=2, fits=True),
            Column("note", "", 20, _note, grow=1, rank=1),
        )
        with Vertical() as frame:
            # As high as its choices need: a list of two in an empty box hides the page for nothing.
            frame.styles.height = len(self._choices) + _AROUND
            yield Bar(self._palette, id="title")
            yield Field(id="narrow", placeholder="type to filter")
            yield LineTable(
                columns=columns, palette=self._palette, id="choices", keys_from_beside=True,
                empty=lambda: [line(("nothing matches", "dim"))],
            )  # fmt: skip
            yield self.keys_bar(self._palette)

    def on_mount(self) -> None:
        """Show every choice."""
        self.query_one("#title", Bar).show((Span(self._title, "strong"),))
        self._field.submitted = self._submit
        self._field.focus()
        self._table.opened = self._choose
        self._show("")

    def _show(self, text: str) -> None:
        needle = text.lower()
        rows = {
            str(place): choice
            for place, choice in enumerate(self._choices)
            if needle in f"{choice.name} {choice.note}".lower()
        }
        self._table.show(rows, list(rows))

    @property
    def _field(self) -> Field:
        return self.query_one("#narrow", Field)

    @property
    def _table(self) -> LineTable[Choice]:
        return self.query_one("#choices", LineTable)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        self._show(event.value)

    def _submit(self, text: str) -> None:
        """Choose what the cursor is on, among what the text leaves."""
        self._show(text)
        self._choose(self._table.cursor_key)

    def on_line_table_highlighted(self, message: LineTable.Highlighted) -> None:
        """Keep it from the page below."""
        message.stop()

    def _choose(self, key: str) -> None:
        choice = self._choices[int(key)] if key else None
        if choice is None:
            return
        if choice.off:
            self.query_one("#title", Bar).show((Span(choice.off, "high"),))
            return
        self.dismiss(choice.value)

    def action_move(self, by: int) -> None:
        """Move the cursor while typing, among what the text leaves."""
        self._show(self._field.value)
        self._table.action_move(by)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss("")


def _note(choice: Choice) -> Span:
    return (
        Span(f"{choice.note}  ({choice.off})", "dim")
        if choice.off
        else Span(choice.note, choice.style)
    )


class Reader(Framed[None]):
    """Lines to read; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", "Close", id="reader.close"),
    ]
    keys: ClassVar[Sequence[tuple[str, str]]] = (("escape", "close"), ("G", "end"))

    def __init__(self, title: str, lines: Sequence[Line], *, palette: Palette) -> None:
        super().__init__()
        self._title = title
        self._lines = tuple(lines)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """Show the title above the lines."""
        with Vertical():
            yield Bar(self._palette, id="title")
            yield Document(self._palette, id="lines")
            yield self.keys_bar(self._palette)

    def on_mount(self) -> None:
        """Show the lines."""
        self.query_one("#title", Bar).show((Span(self._title, "strong"),))
        self.query_one("#lines", Document).show(self._lines)
        self.query_one("#lines", Document).focus()

    def action_close(self) -> None:
        """Close it."""
        self.dismiss(None)
