"""A page that is one list: rows from the store or the daemon, an action on enter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from reconciler.client.errors import InvalidError
from tui.ink import Line, line, text_of
from tui.screens.page import Page
from tui.store.filters import Filter, Language, read_filter
from tui.widgets.bar import Bar
from tui.widgets.document import Document
from tui.widgets.table import Column, LineTable

SPLIT_FROM = 140


class ListPage(Page):
    """A list with a filter, and beside it, where there is room, the row in full.

    `language` says what can be asked for by a key; a bare word is looked for in every column.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="list.filter"),
    ]
    columns: ClassVar[Sequence[Column[Any]]] = ()
    language: ClassVar[Language[Any]] = Language(texts={}, searched=())
    hints: ClassVar[tuple[str, ...]] = ("help", "open", "filter")

    def __init__(self) -> None:
        super().__init__()
        self._filter: Filter[Any] = Filter()
        self._filter_before = ""

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Bar(self.palette, id="counts")
        with Horizontal():
            yield LineTable(
                columns=self.columns, palette=self.palette, glyphs=self.glyphs,
                empty=self._nothing, id="list",
            )  # fmt: skip
            yield Document(self.palette, id="preview")
        keys = "  ".join(f"{key}:" for key in self.language.keys if key != "age")
        yield Input(placeholder=f"text  {keys}", id="filter", compact=True)

    def on_mount(self) -> None:
        """Put the keys on the list."""
        self.query_one("#filter").display = False
        self.table.focus()

    @property
    def table(self) -> LineTable[Any]:
        """The list."""
        return self.query_one("#list", LineTable)

    def rows(self) -> Mapping[str, Any]:
        """Return the rows, in the order they are shown."""
        return {}

    def detail(self, key: str) -> Iterable[Line]:
        """Return a row in full."""
        del key
        return ()

    def empty(self) -> Sequence[Line]:
        """Return what stands where there is no row."""
        return [line(("nothing here", "dim"))]

    def _nothing(self) -> Sequence[Line]:
        if self._filter.text:
            return [line("no row passes the filter; esc clears it")]
        return self.empty()

    def show(self) -> None:
        """Show the rows that pass the filter; the cursor stays on its row."""
        if not self.ready:
            return
        rows = dict(self.rows())
        order = [key for key, row in rows.items() if self._filter.passes(row)]
        self.table.marks &= rows.keys()
        self.table.show(rows, order)
        count = line((f" {len(order):,} of {len(rows):,}", "strong"),
                     (f"  /{self._filter.text}" if self._filter.text else "", "info"))  # fmt: skip
        self.query_one("#counts", Bar).show(count)
        self._show_detail()

    def _words(self, row: Any) -> str:
        return " ".join(text_of((column.cell(row),)) for column in self.columns)

    def _show_detail(self) -> None:
        preview = self.query_one("#preview", Document)
        key = self.table.cursor_key
        preview.show(list(self.detail(key)) if preview.display and key else ())

    def on_line_table_highlighted(self, _message: LineTable.Highlighted) -> None:
        """Show the row under the cursor in full."""
        self._show_detail()

    def on_resize(self) -> None:
        """Show the row in full where there is room for both."""
        self.query_one("#preview").display = self.size.width >= SPLIT_FROM
        self._show_detail()

    def action_filter(self) -> None:
        """Ask for the text to filter by."""
        field = self.query_one("#filter", Input)
        field.value = self._filter_before = self._filter.text
        field.display = True
        self.set_focus(field)  # at once: what is typed next is no key of the list

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed; what is not whole yet changes nothing."""
        if event.input.id == "filter" and event.input.display:
            self._try_filter(event.value, say=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        if self._try_filter(event.value, say=True):
            event.input.display = False
            self.table.focus()

    def _try_filter(self, text: str, *, say: bool) -> bool:
        language = replace(self.language, searched=(self._words,))
        try:
            self._filter = read_filter(text, language, now=datetime.now(UTC))
        except InvalidError as error:
            if say:
                self.flash((str(error), "high"), f"  {error.remedy or ''}")
            return False
        self.show()
        return True

    def action_back(self) -> None:
        """Leave the filter as it was before it was typed at, then clear it, then leave."""
        field = self.query_one("#filter", Input)
        if field.display:
            field.display = False
            self._try_filter(self._filter_before, say=False)
            self.table.focus()
        elif self._filter.text:
            self._try_filter("", say=False)
        else:
            super().action_back()
