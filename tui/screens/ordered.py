"""The fleet in an order that stands still under the cursor; what comes and goes waits."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Final

from tui.ink import Line, Span, line
from tui.lines.first_minute import empty_fleet_lines
from tui.screens.table_page import TablePage
from tui.store.arrange import GROUPS, SORTS, Arranged, Arrangement, arrange
from tui.store.changes import Changes
from tui.store.filters import read_filter
from tui.store.languages import FLEET
from tui.store.staging import Staging
from tui.views import View
from tui.widgets.bar import Bar
from tui.widgets.fleet import COLUMNS, WIDE_COLUMNS, FleetTable

_QUIET_S: Final = 60.0
"""After this long without a key nobody is about to press one: what is new is merged."""


class OrderedPage(TablePage):
    """Every finding, filtered, sorted and grouped as somebody asked for it."""

    table_type: ClassVar[type[FleetTable]] = FleetTable
    examples: ClassVar[str] = "bucket  sev:high  stack:net-*  !kind:missing  age>7d  attr:ingress"

    def __init__(self) -> None:
        super().__init__()
        self._wish = Arrangement()
        self._arranged = Arranged((), {}, 0)
        self._touched_at = -_QUIET_S
        self._staging = Staging()
        self._paused = False
        self._is_wide = False

    def new_table(self) -> FleetTable:
        """Return the table of the fleet."""
        table = FleetTable(
            columns=COLUMNS, palette=self.palette, glyphs=self.glyphs, empty=self._empty, id="list"
        )
        table.groups = {}
        table.gone = self.session.store.gone.get
        return table

    @property
    def table(self) -> FleetTable:
        """The table."""
        return self.query_one("#list", FleetTable)

    def show(self) -> None:
        """Show the rows, in a new order only where nobody is at it."""
        if self._is_quiet:
            self.rearrange()
        else:
            # No change was told to it while another page was in front.
            self._staging.note_all(self.session.store.rows, order=self._arranged)
            self.table.redraw()
            self._show_counts()

    def show_frame(self) -> None:
        """Show the clocks; without a row, also whether a scan has fallen due meanwhile."""
        super().show_frame()
        if self.ready and not self.table.order:
            self.table.redraw()

    @property
    def _is_quiet(self) -> bool:
        if not self.session.pump.loaded or not self.table.order:
            return True
        return not self._paused and time.monotonic() - self._touched_at > _QUIET_S

    def store_changed(self, changes: Changes) -> None:
        """Draw the rows that changed where they stand; what is new waits."""
        table = self.table
        if changes.findings and not (self._paused or self.session.pump.loaded):
            self.rearrange()
            return
        self._staging.note(changes.findings, self.session.store.rows, stands=table.stands)
        if self._paused:
            return
        if (self._staging or changes.everything) and self._is_quiet:
            self.rearrange()
            return
        # Without a row the table says why there is none, which any change may alter.
        table.redraw(changes.findings if table.order else None)
        self._show_counts()

    def rearrange(self) -> None:
        """Make the order anew; the cursor stays on its row."""
        rows = self.session.store.rows
        self._arranged = arrange(rows.values(), self._wish)
        self._staging.begin(self._arranged, self._wish)
        table = self.table
        table.groups = self._arranged.groups
        table.sorted_by = self._wish.sort
        table.marks &= rows.keys()
        table.show(rows, self._arranged.order)
        self._show_counts()

    def _show_counts(self) -> None:
        spans = self.count_spans(self._arranged.shown, len(self.session.store.rows))
        wish = self._wish
        spans.append(Span(f"  by {wish.sort}{' reversed' if wish.reverse else ''}", "dim"))
        if wish.group != "none":
            spans.append(Span(f"  grouped by {wish.group}", "dim"))
        if new := self._staging.new:
            spans.append(Span(f"  {self.glyphs.up}{len(new):,} new (.)", "mark"))
        if gone := self._staging.gone:
            spans.append(Span(f"  {len(gone):,} gone (.)", "good"))
        if self._paused:
            spans.append(Span("  paused (P)", "critical"))
        self.query_one("#counts", Bar).show(tuple(spans))

    def _empty(self) -> list[Line]:
        if self._wish.filter.text and self.session.store.rows:
            return [line("no row passes the filter; esc clears it")]
        return list(empty_fleet_lines(self.session))

    def touched(self) -> None:
        """Hold the order still from the first key or click on."""
        self._touched_at = time.monotonic()

    @property
    def filter_text(self) -> str:
        """The filter as it was written."""
        return self._wish.filter.text

    def take_filter(self, text: str) -> None:
        """Show the rows that pass `text`."""
        found = read_filter(text, FLEET, now=datetime.now(UTC))
        self._wish = replace(self._wish, filter=found)
        self.rearrange()

    def action_sort(self, by: int) -> None:
        """Sort by the next column."""
        names = list(SORTS)
        name = names[(names.index(self._wish.sort) + by) % len(names)]
        self._wish = replace(self._wish, sort=name)
        self.rearrange()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self._wish = replace(self._wish, reverse=not self._wish.reverse)
        self.rearrange()

    def action_group(self) -> None:
        """Group by the next property."""
        names = list(GROUPS)
        self.group_by(names[(names.index(self._wish.group) + 1) % len(names)])

    def group_by(self, name: str) -> None:
        """Group by one property."""
        self._wish = replace(self._wish, group=name, folded=frozenset())
        self.rearrange()

    def action_merge(self) -> None:
        """Put what is new where it belongs, and take out what is gone."""
        self.rearrange()

    def action_pause(self) -> None:
        """Stop drawing what changes; it is read all the same."""
        self._paused = not self._paused
        self.show()

    def fold(self, key: str) -> None:
        """Show only the title of a group, or what is under it again."""
        self._wish = replace(self._wish, folded=self._wish.folded ^ {key})
        self.rearrange()

    @property
    def view(self) -> View:
        """How the fleet is looked at now."""
        wish = self._wish
        return View(wish.filter.text, wish.sort, wish.reverse, wish.group, self._is_wide)

    def show_view(self, view: View) -> None:
        """Look at the fleet in this way; a filter that is not understood is said, and left out."""
        self._wish = Arrangement(sort=view.sort, reverse=view.reverse, group=view.group)
        if view.wide != self._is_wide:
            self.action_wide()
        self.rearrange()
        self.set_filter(view.filter)

    def action_wide(self) -> None:
        """Show account, region and what is proposed instead of the preview, or the other way."""
        self._is_wide = not self._is_wide
        self.table.show_columns(WIDE_COLUMNS if self._is_wide else COLUMNS)
        self.fit()

    def fit(self) -> None:
        """Show the preview where there is room for both, and nobody asked for more columns."""
        self.preview.display = self.has_room_beside and not self._is_wide
