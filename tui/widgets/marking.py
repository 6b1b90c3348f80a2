"""A table whose rows can be marked; a mark belongs to a key, not to a line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, TypeVar

from textual.binding import Binding, BindingType

from tui.widgets.table import LineTable

R = TypeVar("R")


class MarkedTable(LineTable[R]):
    """Rows of which some are marked: `chosen` is what a verb is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="table.mark"),
        Binding("v", "range", "Mark a range", show=False, id="table.range"),
        Binding("*", "invert", "Invert marks", show=False, id="table.invert"),
        Binding("ctrl+a,a", "mark_all", "Mark all shown", show=False, id="table.mark_all"),
        Binding("backslash", "clear_marks", "Clear marks", show=False, id="table.clear_marks"),
    ]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._anchor = ""
        self.marks: set[str] = set()

    def chosen(self) -> list[str]:
        """Return the marked keys that are shown; without any mark what the cursor is on.

        What stands under a folded title counts as shown. What is marked and hidden by a filter is
        left alone, and so is then the cursor's row: a person who marked rows means those.
        """
        if self.marks:
            return [key for key in (*self._order, *self.folded()) if key in self.marks]
        return list(self.members_of(self.cursor_key)) or [self.cursor_key]

    def hidden_marks(self) -> int:
        """Return how many marked keys are not shown."""
        without_line = {key for key in self.marks if not self.stands(key)}
        return len(without_line.difference(self.folded()))

    def folded(self) -> Collection[str]:
        """Return the keys that stand under the titles that are folded."""
        return ()

    def members_of(self, _key: str) -> Collection[str]:
        """Return the keys that stand under a title."""
        return ()

    def sign_of(self, key: str) -> str:
        """Return the sign of a mark where there is one."""
        return self._glyphs.mark if key in self.marks else " "

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor, and go on to the next."""
        key = self.cursor_key
        self._anchor = key
        self._toggle((key,) if key in self._rows else self.members_of(key))
        self.action_move(1)

    def action_range(self) -> None:
        """Mark from the row marked last to the cursor."""
        start = self.place_of(self._anchor)
        if start is None:
            self.action_mark()
            return
        first, last = sorted((start, self._cursor))
        self.marks.update(key for key in self._order[first : last + 1] if key in self._rows)
        self._marks_changed()

    def action_mark_all(self) -> None:
        """Mark every row that is shown."""
        self.marks.update(key for key in self._order if key in self._rows)
        self._marks_changed()

    def action_invert(self) -> None:
        """Mark what is not marked among the rows that are shown."""
        self.marks ^= {key for key in self._order if key in self._rows}
        self._marks_changed()

    def action_clear_marks(self) -> None:
        """Unmark everything."""
        self.marks.clear()
        self._marks_changed()

    def _toggle(self, keys: Collection[str]) -> None:
        """Mark `keys`, or unmark them where all are marked."""
        chosen = set(keys)
        self.marks = self.marks - chosen if chosen <= self.marks else self.marks | chosen
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.Highlighted(self.cursor_key))
