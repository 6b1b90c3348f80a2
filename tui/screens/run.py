"""One remediation on its way: its states, its run's resources, its log; it survives a cut line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from reconciler.client.errors import ReconcilerError
from reconciler.wire import routes
from reconciler.wire.remediations import Remediation
from reconciler.wire.runs import LogLine, Run
from tui.ink import Line, Span, line
from tui.lines.plan import plan_lines
from tui.lines.run import log_lines, remediation_lines
from tui.screens.page import Page
from tui.store.store import ENDED, Changes
from tui.widgets.bar import Bar
from tui.widgets.document import Document

TABS: Final = ("resources", "log", "plan")
_LOG_EVERY_S: Final = 0.5
_MOST_LINES: Final = 20_000


class RunPage(Page):
    """A remediation, followed until it ends; leaving the page or the app changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right_square_bracket", "tab(1)", "Next tab", id="run.tab"),
        Binding("shift+tab,left_square_bracket", "tab(-1)", "Tab before", show=False,
                id="run.tab_before"),
        Binding("l", "log", "Log", id="run.log"),
        Binding("f", "follow", "Follow", id="run.follow"),
        Binding("n", "error(1)", "Next error", show=False, id="run.next_error"),
        Binding("N", "error(-1)", "Error before", show=False, id="run.error_before"),
        Binding("A", "approve", "Approve...", id="run.approve"),
        Binding("X", "reject", "Reject...", id="run.reject"),
        Binding("ctrl+k,K", "cancel", "Cancel...", id="run.cancel"),
        Binding("T", "retry", "Retry...", id="run.retry"),
    ]  # fmt: skip
    hints: ClassVar[tuple[str, ...]] = (
        "help",
        "back",
        "tab",
        "log",
        "follow",
        "approve",
        "reject",
        "cancel",
        "retry",
        "copy_menu",
    )
    permissions: ClassVar[dict[str, str]] = {
        "approve": "remediations:decide",
        "reject": "remediations:decide",
        "retry": "remediations:decide",
        "cancel": "remediations:cancel",
    }

    def __init__(self, remediation_id: str) -> None:
        super().__init__()
        self.title = "Run"
        self._remediation_id = remediation_id
        self._tab = "resources"
        self._log: list[LogLine] = []
        self._log_of = ""
        self._error = ""

    def body(self) -> Iterable[Widget]:
        """Return where it stands above the tab chosen."""
        yield Bar(self.palette, id="tabs")
        yield Document(self.palette, id="document")

    def on_mount(self) -> None:
        """Begin to follow."""
        super().on_mount()
        self.query_one("#document").focus()
        self._follow_log()

    @property
    def _remediation(self) -> Remediation | None:
        return self.session.store.remediations.get(self._remediation_id)

    @property
    def _run(self) -> Run | None:
        remediation = self._remediation
        run_id = (remediation.run_id if remediation else None) or ""
        return self.session.store.runs.get(run_id)

    def store_changed(self, changes: Changes) -> None:
        """Show how it gets on."""
        if self._remediation_id in changes.remediations or changes.runs or changes.everything:
            self.show()

    def show(self) -> None:
        """Show the tab chosen."""
        if not self.ready:
            return
        tabs: list[Span] = [Span(" ")]
        for name in TABS:
            tabs += [Span(f" {name} ", "cursor" if name == self._tab else "dim"), Span(" ")]
        document = self.query_one("#document", Document)
        if self._tab == "log":
            tabs.append(Span("following" if document.follow else "f follows", "dim"))
        self.query_one("#tabs", Bar).show(tuple(tabs))
        document.show(list(self._lines()))

    def _lines(self) -> Iterator[Line]:
        remediation = self._remediation
        if remediation is None:
            yield line("the daemon has not told of this remediation yet")
            return
        if self._error:
            yield line((self._error, "high"))
        if self._tab == "resources":
            yield from remediation_lines(remediation, self._run)
        elif self._tab == "plan" and remediation.plan is not None:
            yield from plan_lines(remediation.plan)
        elif self._tab == "plan":
            yield line("it has no plan yet")
        elif self._log:
            yield from log_lines(self._log)
        else:
            yield line("no run has written anything yet")

    @work(exclusive=True, group="log", exit_on_error=False)
    async def _follow_log(self) -> None:
        """Read what the run writes, for as long as the page is open."""
        offset, ended = 0, False
        while True:
            remediation = self._remediation
            run_id = (remediation.run_id if remediation else None) or ""
            if run_id != self._log_of:
                self._log, self._log_of, offset, ended = [], run_id, 0, False
            if run_id and not ended:
                try:
                    part = await self.session.client.runs.log(run_id, offset=offset)
                except ReconcilerError as error:
                    self._error = str(error)
                else:
                    offset, ended, self._error = part.next_offset, part.ended, ""
                    self._take(part.items)
            await asyncio.sleep(_LOG_EVERY_S)

    def _take(self, items: Sequence[LogLine]) -> None:
        """Take in what the run wrote; only that is drawn."""
        self._log = [*self._log, *items][-_MOST_LINES:]
        if self._tab == "log" and items:
            lines = list(log_lines(items))
            self.query_one("#document", Document).extend(lines, most=_MOST_LINES)

    def action_tab(self, by: int) -> None:
        """Show the next tab."""
        self._tab = TABS[(TABS.index(self._tab) + by) % len(TABS)]
        self.show()

    def action_log(self) -> None:
        """Show the log, following it."""
        self._tab = "log"
        self.query_one("#document", Document).follow = True
        self.show()

    def action_follow(self) -> None:
        """Follow the end of the log, or stop to."""
        document = self.query_one("#document", Document)
        document.follow = not document.follow
        self.show()

    def action_error(self, by: int) -> None:
        """Go to the next error of the log."""
        document = self.query_one("#document", Document)
        document.follow = False
        if by > 0:
            document.find("error")
        else:
            document.next_found(by)

    def action_approve(self) -> None:
        """Approve its plan."""
        remediation = self._remediation
        if remediation is not None and self.may("approve"):
            self.ours.approve([remediation])

    def action_reject(self) -> None:
        """Reject its plan, with a reason."""
        if self.may("reject"):
            self.ours.decide_with_reason("reject", [self._remediation_id])

    def action_retry(self) -> None:
        """Begin it anew, with a reason."""
        if self.may("retry"):
            self.ours.decide_with_reason("retry", [self._remediation_id])

    def action_cancel(self) -> None:
        """Cancel it: a run is asked once to stop where it safely can."""
        remediation = self._remediation
        if remediation is None or not self.may("cancel"):
            return
        if remediation.state in ENDED:
            self.flash(f"it has ended: {remediation.state}")
            return
        self.ours.cancel(remediation)

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of it."""
        yield "trueup command", f"trueup remediation {self._remediation_id}"
        yield "text", self.query_one("#document", Document).text
        yield "curl", self.session.curl(routes.READ_REMEDIATION, self._remediation_id)
        remediation = self._remediation
        if remediation is not None and remediation.plan_digest:
            yield "plan digest", remediation.plan_digest
            yield (
                "approve command",
                (f"trueup approve {self._remediation_id} --digest {remediation.plan_digest}"),
            )
