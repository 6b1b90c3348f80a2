"""The fleet: every finding, filtered, sorted, grouped, marked, and decided about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType

from reconciler.client.errors import ReconcilerError
from reconciler.wire import routes
from reconciler.wire.remediations import Remediation
from tui.ink import Line, line
from tui.lines.finding import diff_lines, title_lines
from tui.lines.hints import Hint
from tui.lines.next_steps import steps_of_fleet
from tui.screens.finding_verbs import FindingVerbs
from tui.screens.ordered import OrderedPage
from tui.store.arrange import GROUP_KEY
from tui.store.changes import Changes
from tui.store.rows import Row
from tui.views import View
from tui.widgets.table import LineTable

_PREVIEW_AFTER_S: Final = 0.15


class DriftPage(FindingVerbs, OrderedPage):
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
        Binding("n", "next_step", "Next step...", show=False, id="drift.next_step"),
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

    def __init__(self) -> None:
        super().__init__()
        self.title = "Drift"
        self._previewed = ""

    def on_mount(self) -> None:
        """Show the view that was asked for at the start."""
        options = self.session.options
        if options.view:
            self.show_view(options.views.get(options.view, View(options.view)))

    def store_changed(self, changes: Changes) -> None:
        """Draw what changed, also what stands beside the list."""
        super().store_changed(changes)
        if self._previewed in changes.findings and not self._paused:
            self._preview_soon(self._previewed)

    # The preview.

    def on_resize(self) -> None:
        """Show the preview where there is room."""
        self.fit()

    def fit(self) -> None:
        """Show the row under the cursor beside the list, where there is room for both."""
        super().fit()
        self._preview_soon(self.table.cursor_key)

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

    # Going on.

    def open_row(self, key: str) -> None:
        """Open a finding, or fold a group."""
        if key.startswith(GROUP_KEY):
            self.fold(key)
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

    def hinted(self) -> Iterable[Hint]:
        """Return the keys that matter; without a row, first the one for what comes next."""
        if not self.table.order and not self.filter_text:
            yield self.hint("next_step")
        yield from super().hinted()

    def action_next_step(self) -> None:
        """Choose what to do next where there is nothing to show."""
        self.ours.choose_step(list(steps_of_fleet(self.session)))

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the row under the cursor."""
        row = self.session.store.rows.get(self.table.cursor_key)
        if row is None:
            steps = steps_of_fleet(self.session)
            yield from (("next command", step.value) for step in steps if step.does == "copy")
            yield from self._view_copies()
            return
        name = "URN" if row.address.startswith("urn:") else "address"
        yield name, row.address
        yield "STACK/ADDRESS", f"{row.stack}/{row.address}"
        yield "trueup command", f"trueup show {row.id}"
        yield "curl", self.session.curl(routes.READ_FINDING, row.id)
        yield "id", row.id
        yield from self._view_copies()

    def _view_copies(self) -> Iterable[tuple[str, str]]:
        """Return the view as `tui.toml` keeps it, where it is not the usual one."""
        if self.view != View():
            yield "view for tui.toml", self.view.written("NAME")
