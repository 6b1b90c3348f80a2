"""How the app asks for a line or a choice, and says what came of a decision."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Final, TypeVar

from textual.app import SuspendNotSupported

from reconciler.client.errors import InvalidError
from tui.ink import Line, line
from tui.modals.menu import Choice, Menu, Reader
from tui.modals.prompt import Prompt
from tui.opening import Opening, open_outside
from tui.sending import Done
from tui.typed_keys import TypedKeysApp

T = TypeVar("T")
_SHORT: Final = 12


class AskingApp(TypedKeysApp):
    """The part of the app that asks, and says what came of it."""

    def show_text(self, title: str, lines: Sequence[Line]) -> None:
        """Show lines to read."""
        self.push_screen(Reader(title, lines, palette=self.palette))

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

    def choose_opening(self, openings: Sequence[Opening]) -> None:
        """Choose what to open in another program; the one there is, at once."""
        if not openings:
            self.flash("nothing to open here; enter opens the row, and o there its source")
        elif len(openings) == 1:
            self._open_outside(openings[0])
        else:
            choices = [Choice(str(at), each.name) for at, each in enumerate(openings)]
            self.choose("open", choices, lambda at: self._open_outside(openings[int(at)]))

    def _open_outside(self, opening: Opening) -> None:
        try:
            with self.suspend():
                open_outside(opening, os.environ)
        except SuspendNotSupported:
            self.flash("this terminal cannot be left to another program")
        except InvalidError as error:
            self.flash((str(error), "high"), f"  {error.remedy or ''}")

    def tell(self, verb: str, done: Done, *, hint: str = "") -> None:
        """Say how often a decision was carried out, or which targets refused it and why."""
        if not done.failed:
            notes = "".join(f"; {note}" for note in done.notes)
            self.flash((f"{verb}: {len(done.ok)}", "good"), f"{notes}{hint}")
            return
        lines = [
            line((f"{verb} {len(done.ok)} of {len(done.ok) + len(done.failed)}", "strong"), "")
        ]
        for target, reason in done.failed:
            name = target[:_SHORT] if target.isalnum() else target  # an id, else an address
            lines.append(line(("x ", "high"), f"{name}  ", (reason, "high")))
        lines += map(line, done.notes)
        self.show_text("not everything was done", lines)


def when_answered(answered: Callable[[T], object]) -> Callable[[T | None], Awaitable[None]]:
    """Return what calls `answered`, and awaits it, unless a dialog was left without an answer."""

    async def answer(value: T | None) -> None:
        done = answered(value) if value else None
        if isawaitable(done):
            await done

    return answer
