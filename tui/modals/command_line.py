"""The `:` line: tab completes what is typed, up and down bring back what was typed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.completing import common_start
from tui.ink import Line, Palette, line
from tui.modals.prompt import Prompt
from tui.widgets.bar import Bar
from tui.widgets.field import Field


class CommandLine(Prompt):
    """Asks for a command; `complete` returns what a text may become, `history` is oldest first.

    It starts with what is `begun`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="command.complete"),
        Binding("up", "recall(-1)", "Command before", show=False, id="command.before"),
        Binding("down", "recall(1)", "Next command", show=False, id="command.next"),
    ]
    DEFAULT_CSS = """
    CommandLine > Vertical { height: 6; }
    """
    keys: ClassVar[Sequence[tuple[str, str]]] = (
        ("enter", "do it"),
        ("tab", "complete"),
        ("up", "the one before"),
        ("escape", "cancel"),
    )

    def __init__(
        self,
        question: Line,
        *,
        palette: Palette,
        complete: Callable[[str], Sequence[str]],
        history: Sequence[str],
        begun: str = "",
    ) -> None:
        super().__init__(question, palette=palette)
        self._complete = complete
        self._history = (*history, "")
        self._place = len(history)
        self._begun = begun

    def compose(self) -> ComposeResult:
        """Show the question, the line, and below it what may come next."""
        with Vertical():
            yield Bar(self._palette, id="question")
            yield Field(id="answer")
            yield Bar(self._palette, id="completions")
            yield self.keys_bar(self._palette)

    def on_mount(self) -> None:
        """Show what can be typed."""
        self._show("")
        if self._begun:
            self._put(self._begun)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the text may become."""
        self._show(event.value)

    def _show(self, text: str) -> None:
        found = "  ".join(self._complete(text))
        self.query_one("#completions", Bar).show(line((found, "dim")))

    @property
    def _field(self) -> Input:
        return self.query_one("#answer", Input)

    def action_complete(self) -> None:
        """Put in as much as every completion has in common."""
        found = self._complete(self._field.value)
        if found:
            alone = " " if len(found) == 1 and not found[0].endswith((" ", ":")) else ""
            self._put(common_start(found) + alone)

    def action_recall(self, by: int) -> None:
        """Put in the command typed before, or the one after it."""
        self._place = max(min(self._place + by, len(self._history) - 1), 0)
        self._put(self._history[self._place])

    def _put(self, text: str) -> None:
        self._field.value = text
        self._field.cursor_position = len(text)
