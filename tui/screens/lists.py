"""A page that is one list: rows from the store or the daemon, an action on enter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui.ink import Line, line, text_of
from tui.lines.first_minute import empty_fleet_lines
from tui.screens.table_page import TablePage
from tui.store.filters import Filter, Language, read_filter
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.marking import MarkedTable
from tui.widgets.table import LineTable


class ListPage(TablePage):
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
        self._total = 0

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        keys = "  ".join(f"{key}:" for key in cls.language.keys if key != "age")
        cls.examples = f"text  {keys}"

    def new_table(self) -> LineTable[Any]:
        """Return the list."""
        return self.table_type(
            columns=self.shown_columns(), palette=self.palette, glyphs=self.glyphs,
            empty=self._nothing, id="list",
        )  # fmt: skip

    def shown_columns(self) -> Sequence[Column[Any]]:
        """Return the columns."""
        return self.columns

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
        return self.empty() if self.is_read else self.unread()

    @property
    def is_read(self) -> bool:
        """Whether the daemon was asked for the rows: before, that there is none says nothing."""
        return self.session.pump.loaded

    def unread(self) -> Sequence[Line]:
        """Return what stands where nothing was read yet."""
        return list(empty_fleet_lines(self.session))

    def show(self) -> None:
        """Show the rows that pass the filter; the cursor stays on its row."""
        if not self.ready:
            return
        rows, table = dict(self.rows()), self.table
        order = [key for key, row in rows.items() if self._filter.passes(row)]
        if isinstance(table, MarkedTable):
            table.marks &= rows.keys()
        table.show(rows, order)
        self._total = len(rows)
        self._show_counts()
        self._show_detail()

    def _show_counts(self) -> None:
        spans = self.count_spans(len(self.table.order), self._total)
        self.query_one("#counts", Bar).show(tuple(spans))

    def _words(self, row: Any) -> str:
        # Not what a column says of what was just sent: the row would vanish under the cursor, and
        # the next key act on another.
        return " ".join(text_of((column.cell(row),)) for column in self.columns)

    def _show_detail(self) -> None:
        preview, key = self.preview, self.table.cursor_key
        preview.show(list(self.detail(key)) if preview.display and key else ())

    def on_line_table_highlighted(self, _message: LineTable.Highlighted) -> None:
        """Show the row under the cursor in full, and how many are marked."""
        self._show_counts()
        self._show_detail()

    def on_resize(self) -> None:
        """Show the row in full where there is room for both."""
        self.preview.display = self.has_room_beside
        self._show_detail()

    @property
    def filter_text(self) -> str:
        """The filter as it was written."""
        return self._filter.text

    def take_filter(self, text: str) -> None:
        """Show what passes `text`; a bare word is looked for in what the columns say."""
        language = replace(self.language, searched=(self._words,))
        self._filter = read_filter(text, language, now=datetime.now(UTC))
        self.show()
