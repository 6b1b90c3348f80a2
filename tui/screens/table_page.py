"""A page with a table: the counts above it, the row in full beside it, and a line to filter by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from reconciler.client.errors import InvalidError
from tui.ink import Span, line
from tui.keymap import page_keys
from tui.lines.hints import Hint
from tui.screens.page import Page
from tui.widgets.bar import Bar
from tui.widgets.document import Document
from tui.widgets.field import Field
from tui.widgets.marking import MarkedTable
from tui.widgets.table import LineTable

_SPLIT_FROM: Final = 140


class TablePage(Page):
    """A table that is filtered while it is typed; esc takes back what was done last to it."""

    table_type: ClassVar[type[LineTable[Any]]] = LineTable
    examples: ClassVar[str] = ""
    """What stands in the line of the filter as long as nothing is typed."""

    def __init__(self) -> None:
        super().__init__()
        self._filter_before = ""

    def new_table(self) -> LineTable[Any]:
        """Return the table, with `list` as its id."""
        raise NotImplementedError

    @property
    def filter_text(self) -> str:
        """The filter as it was written."""
        raise NotImplementedError

    def take_filter(self, text: str) -> None:
        """Show what passes `text`.

        Raises:
            InvalidError: it is not understood; everything is as it was.
        """
        raise NotImplementedError

    def open_row(self, key: str) -> None:
        """Open what a row stands for."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """Return the table, with the row in full beside it where there is room."""
        yield Bar(self.palette, id="counts")
        table = self.new_table()
        table.opened = self.open_row
        with Horizontal():
            yield table
            yield Document(self.palette, id="preview")
        yield Field(placeholder=self.examples, id="filter")

    def on_mount(self) -> None:
        """Put the keys on the table."""
        self._field.display = False
        self._field.submitted = self._keep_filter
        self.table.focus()

    @property
    def table(self) -> LineTable[Any]:
        """The table."""
        return self.query_one("#list", LineTable)

    @property
    def preview(self) -> Document:
        """What stands beside the table."""
        return self.query_one("#preview", Document)

    @property
    def _field(self) -> Field:
        return self.query_one("#filter", Field)

    @property
    def has_room_beside(self) -> bool:
        """Whether the row in full fits beside the table."""
        return self.size.width >= _SPLIT_FROM

    def count_spans(self, shown: int, total: int) -> list[Span]:
        """Return how many rows pass which filter, and how many of them are marked."""
        spans = [Span(f" {shown:,} of {total:,}", "strong")]
        if self.filter_text:
            spans.append(Span(f"  /{self.filter_text}", "info"))
        table = self.table
        if isinstance(table, MarkedTable) and table.marks:
            hidden = table.hidden_marks()
            left_out = f" ({hidden:,} hidden)" if hidden else ""
            spans.append(Span(f"  {len(table.marks):,} marked{left_out}", "mark"))
        return spans

    def hinted(self) -> Iterable[Hint]:
        """Return the keys; as long as a filter is typed, those that end it and what it takes."""
        if not self._field.display:
            first, *others = super().hinted()
            yield first
            if keys := page_keys(self.bound):
                yield Hint("", line((f" {keys}", "key"), " pages "))
            yield from others
            return
        yield Hint("enter", line((" enter", "key"), " keep it "))
        yield Hint("escape", line((" esc", "key"), " as it was  "))
        for term in self.examples.split("  "):
            yield Hint("", line((f"{term}  ", "dim")))

    def action_filter(self) -> None:
        """Ask for a filter."""
        field = self._field
        field.value = self._filter_before = self.filter_text
        field.select_all()
        field.display = True
        self.set_focus(field)  # at once: what is typed next is no key of the list
        self.show_frame()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed; what is not whole yet changes nothing."""
        if event.input.id == "filter" and event.input.display:
            self.hush()
            self._try_filter(event.value, say=False)

    def _keep_filter(self, text: str) -> None:
        if self._try_filter(text, say=True):
            self._close_field()

    def _close_field(self) -> None:
        self.hush()
        self._field.display = False
        self.set_focus(self.table)
        self.show_frame()

    def set_filter(self, text: str) -> None:
        """Show what `text` asks for; what is not understood is said."""
        self._try_filter(text, say=True)

    def _try_filter(self, text: str, *, say: bool) -> bool:
        try:
            self.take_filter(text)
        except InvalidError as error:
            if say:
                self.flash((str(error), "high"), f"  {error.remedy or ''}")
            return False
        return True

    def action_back(self) -> None:
        """Leave the filter as it was before, or the preview; then clear marks, then the filter."""
        table = self.table
        if self._field.display:
            self.set_filter(self._filter_before)
            self._close_field()
        elif self.focused is self.preview:
            table.focus()
        elif isinstance(table, MarkedTable) and table.marks:
            table.action_clear_marks()
        elif self.filter_text:
            self.set_filter("")
        else:
            super().action_back()
