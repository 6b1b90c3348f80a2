"""One line of text, such as a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.ink import Line, Palette
from tui.modals.frame import Framed
from tui.widgets.bar import Bar
from tui.widgets.field import Field


class Prompt(Framed[str]):
    """Asks for one line; answers the text, or an empty one when it was cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="prompt.cancel"),
    ]
    DEFAULT_CSS = """
    Prompt > Vertical { height: 5; }
    """
    keys: ClassVar[Sequence[tuple[str, str]]] = (("enter", "go on"), ("escape", "cancel"))

    def __init__(self, question: Line, *, palette: Palette) -> None:
        super().__init__()
        self._question = question
        self._palette = palette

    def compose(self) -> ComposeResult:
        """Show the question above the line."""
        with Vertical():
            yield Bar(self._palette, id="question")
            yield Field(id="answer")
            yield self.keys_bar(self._palette)

    def on_mount(self) -> None:
        """Wait for typing."""
        self.query_one("#question", Bar).show(self._question)
        field = self.query_one("#answer", Field)
        field.submitted = self._answer
        field.focus()

    def _answer(self, text: str) -> None:
        if text.strip():
            self.dismiss(text.strip())

    def action_cancel(self) -> None:
        """Answer nothing."""
        self.dismiss("")

    @property
    def has_draft(self) -> bool:
        """Whether something typed would be lost."""
        return bool(self.query_one("#answer", Input).value)
