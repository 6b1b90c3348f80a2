"""A line of text that somebody types or pastes; it holds nothing that a terminal obeys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from textual import events
from textual.widgets import Input

LONGEST: Final = 1000
"""Characters; a longer text is drawn and filtered by too slowly at each key."""


class Field(Input):
    """Takes one line of at most `LONGEST` characters; of a paste as much as there is room for."""

    submitted: Callable[[str], object]
    """What is called with the text when it is handed in."""

    def __init__(self, **given: Any) -> None:
        # The focus comes after what is typed at once; selected then, its first letter was lost.
        super().__init__(max_length=LONGEST, compact=True, select_on_focus=False, **given)
        self.submitted = lambda _text: None

    def validate_value(self, value: str) -> str:
        """Return `value` without what would act on the terminal or hide: textual draws it as is."""
        return "".join(each for each in value if each.isprintable())[:LONGEST]

    def write(self, text: str) -> None:
        """Put in what is typed, in place of what is selected."""
        self.replace(text, *self.selection)

    def paste(self, pasted: str) -> None:
        """Put in as much of a paste as there is room for, in one line."""
        room = LONGEST - len(self.value) + len(self.selected_text)
        text = self.validate_value(" ".join(pasted[: 2 * LONGEST].split()))
        if len(text) > room or len(pasted) > 2 * LONGEST:
            self.app.bell()  # not all of it was taken
        self.write(text[:room])

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.paste(event.text)

    async def action_submit(self) -> None:
        """Hand the text in at once: what is typed after the enter is for what comes of it."""
        self.submitted(self.value)
