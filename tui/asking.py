"""How the app asks for a line or a choice, and says what came of a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from textual.app import App

from tui.ink import Line, Palette, line
from tui.intents import Done
from tui.modals.menu import Choice, Menu
from tui.modals.prompt import Prompt
from tui.session import Session

T = TypeVar("T")


class AskingApp(App[None]):
    """The part of the app that asks; where it stands and what it says is the app's own."""

    session: Session
    palette: Palette

    def flash(self, *parts: str | tuple[str, str]) -> None:
        """Say what just happened."""
        raise NotImplementedError

    def show_text(self, title: str, lines: Sequence[Line]) -> None:
        """Show lines to read."""
        raise NotImplementedError

    def prompt(self, question: Line, answered: Callable[[str], object]) -> None:
        """Ask for a line of text, and call `answered` with it; not when the dialog is left."""
        prompt = Prompt(question, palette=self.palette)
        self.push_screen(prompt, when_answered(answered))

    def choose(
        self, title: str, choices: Sequence[Choice], answered: Callable[[str], object]
    ) -> None:
        """Ask for a choice, and call `answered` with its value; not when the menu is left."""
        menu = Menu(title, choices, palette=self.palette)
        self.push_screen(menu, when_answered(answered))

    def tell(self, verb: str, done: Done, *, hint: str = "") -> None:
        """Say how often a decision was carried out, or which targets refused it and why."""
        if not done.failed:
            self.flash((f"{verb}: {len(done.ok)}", "good"), hint)
            return
        lines = [
            line((f"{verb} {len(done.ok)} of {len(done.ok) + len(done.failed)}", "strong"), "")
        ]
        for target, reason in done.failed:
            lines.append(line(("x ", "high"), f"{target[:12]}  ", (reason, "high")))
        self.show_text("not everything was done", lines)


def when_answered(answered: Callable[[T], object]) -> Callable[[T | None], None]:
    """Return what calls `answered`, unless a dialog was left without an answer."""

    def answer(value: T | None) -> None:
        if value:
            answered(value)

    return answer
