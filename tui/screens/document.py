"""A page with one document: tabs above it, and a search in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.ink import Line, Span, line
from tui.lines.hints import Hint, hint_spans, key_at
from tui.opening import Opening
from tui.screens.page import Page
from tui.widgets.bar import Bar
from tui.widgets.document import Document


class DocumentPage(Page):
    """Lines to read in tabs; `tabs` names them, and the one chosen is `tab`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right_square_bracket", "tab(1)", "Next tab", id="tabs.next"),
        Binding(
            "shift+tab,left_square_bracket", "tab(-1)", "Tab before", show=False, id="tabs.before"
        ),
        Binding("slash", "search", "Search", show=False, id="search.ask"),
        Binding("n", "found(1)", "Next found", show=False, id="search.next"),
        Binding("N", "found(-1)", "Found before", show=False, id="search.before"),
    ]
    tabs: ClassVar[Sequence[str]] = ()
    tab = ""
    searching = False
    """Whether a person asked for a text."""

    def body(self) -> Iterable[Widget]:
        """Return the tabs above what they show."""
        yield Bar(self.palette, id="tabs")
        yield Document(self.palette, id="document")

    def on_mount(self) -> None:
        """Put the keys on the document."""
        self.query_one("#tabs", Bar).clicked = self._click_tab
        self.document.focus()

    @property
    def document(self) -> Document:
        """What is read."""
        return self.query_one("#document", Document)

    def lines(self) -> Iterable[Line]:
        """Return the lines of the tab chosen."""
        return ()

    def tab_note(self) -> str:
        """Return what stands behind the tabs."""
        return ""

    def show(self) -> None:
        """Show the tab chosen; what is being read stays where it is."""
        if not self.ready:
            return
        self._show_tabs()
        self.document.show(list(self.lines()))

    def _show_tabs(self) -> None:
        note = Span(self.tab_note(), "dim")
        self.query_one("#tabs", Bar).show((*hint_spans(self._tabs()), note))

    def _tabs(self) -> Iterator[Hint]:
        for name in self.tabs:
            style = "cursor" if name == self.tab else "dim"
            yield Hint(name, line(" ", (f" {name} ", style)))
        yield Hint("", line("  "))

    def choose_tab(self, name: str) -> None:
        """Show the tab that is called `name`."""
        self.tab = name
        self.show()

    def _click_tab(self, x: int) -> None:
        """Show the tab whose name is drawn at a cell."""
        if name := key_at(self._tabs(), x):
            self.choose_tab(name)

    def openings(self) -> Iterable[Opening]:
        """Return what is read, for a pager."""
        yield Opening(f"pager: {self.tab or 'this page'}", text=self.document.text)

    def action_tab(self, by: int) -> None:
        """Show the next tab."""
        self.choose_tab(self.tabs[(self.tabs.index(self.tab) + by) % len(self.tabs)])

    def action_search(self) -> None:
        """Ask for a text and go to it."""
        self.ours.prompt(line(("/", "key"), "search for"), self._search)

    def _search(self, text: str) -> None:
        self.document.follow = False
        self.searching = True
        count = self.document.find(text)
        where = f"{count:,} lines hold it" if count else "no line holds it"
        self.flash(f"/{text}: {where}; n and N go on, esc ends the search")

    def action_found(self, by: int) -> None:
        """Go to the next line that the search found."""
        if not self.searching:
            self.action_search()
            return
        self.document.follow = False
        self.document.next_found(by)

    def action_back(self) -> None:
        """End the search, then leave."""
        if self.searching:
            self.searching = False
            self.document.find("")
        else:
            super().action_back()
