"""The fleet: every finding, filtered, sorted, grouped, marked, and decided about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType

from reconciler.client.errors import ReconcilerError
from reconciler.wire import routes
from reconciler.wire.remediations import Remediation
from tui.ink import Line, Span, line
from tui.lines.finding import diff_lines, title_lines
from tui.lines.first_minute import empty_fleet_lines, next_commands
from tui.screens.finding_verbs import FindingVerbs
from tui.screens.table_page import TablePage
from tui.store.arrange import GROUP_KEY, GROUPS, SORTS, Arranged, Arrangement, arrange
from tui.store.filters import read_filter
from tui.store.languages import FLEET
from tui.store.rows import Row
from tui.store.staging import Staging
from tui.store.store import Changes
from tui.widgets.bar import Bar
from tui.widgets.fleet import COLUMNS, WIDE_COLUMNS, FleetTable
from tui.widgets.table import LineTable

_PREVIEW_AFTER_S: Final = 0.15
_QUIET_S: Final = 60.0
"""After this long without a key nobody is about to press one: what is new is merged."""


class DriftPage(FindingVerbs, TablePage):
    """Every finding of the fleet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="drift.filter"),
        Binding("s", "sort(1)", "Sort", id="drift.sort"),
        Binding("S", "reverse", "Reverse", show=False, id="drift.reverse"),
        Binding("b", "group", "Group by", id="drift.group"),
        Binding("full_stop", "merge", "Merge new rows", id="drift.merge"),
        Binding("d", "diff", "Diff", show=False, id="drift.diff"),
        Binding("p", "plan", "Plan", id="drift.plan"),
        Binding("A", "approve", "Approve...", id="drift.approve"),
        Binding("X", "reject", "Reject...", id="drift.reject"),
        Binding("C", "correct", "Correct...", id="drift.correct"),
        Binding("Q", "quarantine", "Quarantine...", id="drift.quarantine"),
        Binding("U", "release", "Release...", show=False, id="drift.release"),
        Binding("D", "divide", "Divide", show=False, id="drift.divide"),
        Binding("i", "ignore", "Ignore, ack...", id="drift.ignore"),
        Binding("R", "scan", "Scan now", id="drift.scan"),
        Binding("w", "wide", "More columns", show=False, id="drift.wide"),
        Binding("P", "pause", "Pause", show=False, id="drift.pause"),
    ]
    hints: ClassVar[tuple[str, ...]] = (
        "help",
        "filter",
        "approve",
        "correct",
        "quarantine",
        "reject",
        "plan",
        "mark",
        "open",
        "group",
        "sort",
        "scan",
    )
    permissions: ClassVar[dict[str, str]] = {
        **FindingVerbs.permissions,
        "scan": "stacks:scan",
    }

    table_type: ClassVar[type[FleetTable]] = FleetTable
    examples: ClassVar[str] = "bucket  sev:high  stack:net-*  !kind:missing  age>7d  attr:ingress"

    def __init__(self) -> None:
        super().__init__()
        self.title = "Drift"
        self._wish = Arrangement()
        self._arranged = Arranged((), {}, 0)
        self._touched_at = -_QUIET_S
        self._staging = Staging()
        self._paused = False
        self._is_wide = False
        self._previewed = ""

    def new_table(self) -> FleetTable:
        """Return the table of the fleet."""
        table = FleetTable(
            columns=COLUMNS, palette=self.palette, glyphs=self.glyphs, empty=self._empty, id="list"
        )
        table.groups = {}
        table.gone = self.session.store.gone.get
        return table

    def on_mount(self) -> None:
        """Show the view that was asked for at the start."""
        if self.session.options.view:
            self.set_filter(self.session.options.view)

    @property
    def table(self) -> FleetTable:
        """The table."""
        return self.query_one("#list", FleetTable)

    # Showing.

    def show(self) -> None:
        """Show the rows, in a new order only where nobody is at it."""
        if self._is_quiet:
            self.rearrange()
        else:
            # No change was told to it while another page was in front.
            self._staging.note_all(self.session.store.rows, order=self._arranged)
            self.table.redraw()
            self._show_counts()

    @property
    def _is_quiet(self) -> bool:
        if not self.session.pump.loaded or not self.table.order:
            return True
        return not self._paused and time.monotonic() - self._touched_at > _QUIET_S

    def store_changed(self, changes: Changes) -> None:
        """Draw the rows that changed where they stand; what is new waits."""
        table = self.table
        rows = self.session.store.rows
        self._staging.note(
            changes.findings, rows, stands=lambda key: table.place_of(key) is not None
        )
        if self._paused:
            return
        if (self._staging or changes.everything) and self._is_quiet:
            self.rearrange()
            return
        # Without a row the table says why there is none, which any change may alter.
        table.redraw(changes.findings if table.order else None)
        self._show_counts()
        if self._previewed in changes.findings:
            self._preview_soon(self._previewed)

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

    def on_resize(self) -> None:
        """Show the preview where there is room for both, and nobody asked for more columns."""
        self.preview.display = self.has_room_beside and not self._is_wide
        self._preview_soon(self.table.cursor_key)

    def action_wide(self) -> None:
        """Show account, region and what is proposed instead of the preview, or the other way."""
        self._is_wide = not self._is_wide
        self.table.show_columns(WIDE_COLUMNS if self._is_wide else COLUMNS)
        self.on_resize()

    def touched(self) -> None:
        """Hold the order still from the first key or click on."""
        self._touched_at = time.monotonic()

    # The preview.

    def on_line_table_highlighted(self, message: LineTable.Highlighted) -> None:
        """Show the diff of the row beside the table, a moment later."""
        self._show_counts()
        self._preview_soon(message.key)

    def _preview_soon(self, key: str) -> None:
        if not self.preview.display:
            return
        if key not in self.session.store.rows:
            self.preview.show(())
            return
        self._preview(key)

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def _preview(self, key: str) -> None:
        await asyncio.sleep(_PREVIEW_AFTER_S)
        try:
            finding = await self.session.client.findings.get(key)
        except ReconcilerError as error:
            lines: list[Line] = [line((str(error), "high"))]
        else:
            lines = [*title_lines(finding), (), *diff_lines(finding)]
        if self.table.cursor_key == key:
            self.preview.show(lines, keep=self._previewed == key)
            self._previewed = key

    # Order.

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

    # Going on.

    def open_row(self, key: str) -> None:
        """Open a finding, or fold a group."""
        if key.startswith(GROUP_KEY):
            self._wish = replace(self._wish, folded=self._wish.folded ^ {key})
            self.rearrange()
        elif key in self.session.store.rows:
            self.ours.open_finding(key)

    def chosen(self) -> list[Row]:
        """Return the rows a verb is about: the marks that are shown, a group, or the cursor's."""
        rows = self.session.store.rows
        return [rows[key] for key in self.table.chosen() if key in rows]

    def waiting(self) -> Remediation | None:
        """Return the remediation of the row under the cursor, unless rows are marked."""
        store = self.session.store
        row = None if self.table.marks else store.rows.get(self.table.cursor_key)
        return store.remediations.get(row.remediation_id) if row else None

    def action_diff(self) -> None:
        """Show the diff of the row under the cursor on the whole screen."""
        if self.table.cursor_key in self.session.store.rows:
            self.ours.open_finding(self.table.cursor_key)

    def action_plan(self) -> None:
        """Show what a correction would do; nothing is changed."""
        if self.may("plan") and self.table.cursor_key in self.session.store.rows:
            self.ours.open_finding(self.table.cursor_key, tab="plan")

    def action_scan(self) -> None:
        """Have the stacks of the chosen rows scanned now; where no row is listed, every stack."""
        if not self.may("scan"):
            return
        stacks = {row.stack for row in self.chosen()}
        if not stacks and (self.table.order or self.filter_text or self.table.marks):
            self.flash("nothing is chosen; ", ("5", "key"), " lists the stacks")
            return
        self.ours.scan(sorted(stacks or self.session.store.stacks))

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the row under the cursor."""
        row = self.session.store.rows.get(self.table.cursor_key)
        if row is None:
            yield from (("next command", each) for each in next_commands(self.session))
            return
        name = "URN" if row.address.startswith("urn:") else "address"
        yield name, row.address
        yield "STACK/ADDRESS", f"{row.stack}/{row.address}"
        yield "trueup command", f"trueup show {row.id}"
        yield "curl", self.session.curl(routes.READ_FINDING, row.id)
        yield "id", row.id
