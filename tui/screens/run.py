"""One remediation on its way: its states, its run's resources, its log; it survives a cut line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType

from reconciler.client.errors import ReconcilerError
from reconciler.wire import routes
from reconciler.wire.remediations import Remediation
from reconciler.wire.runs import LogLine, Run
from tui.ink import Line, line
from tui.lines.hints import Hint
from tui.lines.plan import plan_lines
from tui.lines.run import log_lines, remediation_lines
from tui.screens.document import DocumentPage
from tui.store.changes import Changes
from tui.store.noting import ENDED

TABS: Final = ("resources", "log", "plan")
_LOG_EVERY_S: Final = 0.5
_MOST_LINES: Final = 20_000
_ERROR: Final = "error"


class RunPage(DocumentPage):
    """A remediation, followed until it ends; leaving the page or the app changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "Log", id="run.log"),
        Binding("f", "follow", "Follow", id="run.follow"),
        Binding("n", "found(1)", "Next error or found", show=False, id="run.next_error"),
        Binding("N", "found(-1)", "Error or found before", show=False, id="run.error_before"),
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
    tabs = TABS
    permissions: ClassVar[dict[str, str]] = {
        "approve": "remediations:decide",
        "reject": "remediations:decide",
        "retry": "remediations:decide",
        "cancel": "remediations:cancel",
    }

    def __init__(self, remediation_id: str) -> None:
        super().__init__()
        self.title = "Run"
        self.remediation_id = remediation_id
        self.tab = "resources"
        self._log: list[LogLine] = []
        self._log_of = ""
        self._error = ""
        self._unread = 0

    def on_mount(self) -> None:
        """Begin to follow."""
        self._follow_log()

    @property
    def _remediation(self) -> Remediation | None:
        return self.session.store.remediations.get(self.remediation_id)

    @property
    def _run(self) -> Run | None:
        remediation = self._remediation
        run_id = (remediation.run_id if remediation else None) or ""
        return self.session.store.runs.get(run_id)

    def store_changed(self, changes: Changes) -> None:
        """Show how it gets on."""
        if self.remediation_id in changes.remediations or changes.runs or changes.everything:
            self.show()

    def hinted(self) -> Iterator[Hint]:
        """Return the keys that do something as it stands; `?` has all of them."""
        remediation = self._remediation
        state = remediation.state if remediation else ""
        waits = state == "awaiting_approval"
        idle = {"approve", "reject"} if not waits else set()
        if state in ENDED:
            idle |= {"cancel"} if state != "converged" else {"cancel", "retry"}
        return (self.hint(name) for name in self.hints if name not in idle)

    def tab_note(self) -> str:
        """Say whether the log is followed."""
        if self.tab != "log":
            return ""
        if self.document.follow:
            return "following"
        return f"f follows; {self._unread:,} new lines" if self._unread else "f follows"

    def lines(self) -> Iterator[Line]:
        """Yield the tab chosen."""
        remediation = self._remediation
        if remediation is None:
            yield line("the daemon has not told of this remediation yet")
            return
        if self._error:
            yield line((self._error, "high"))
        if self.tab == "resources":
            run = self._run
            steps = self.session.store.steps.get(run.id) if run else None
            yield from remediation_lines(remediation, run, steps)
        elif self.tab == "plan" and remediation.plan is not None:
            yield from plan_lines(remediation.plan)
        elif self.tab == "plan":
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
            run = self._run
            if self.tab == "resources" and run is not None and run.state == "started":
                self.show()  # the seconds go on
            await asyncio.sleep(_LOG_EVERY_S)

    def _take(self, items: Sequence[LogLine]) -> None:
        """Take in what the run wrote; only that is drawn."""
        self._log = [*self._log, *items][-_MOST_LINES:]
        if self.tab == "log" and items:
            lines = list(log_lines(items))
            self.document.extend(lines, most=_MOST_LINES)
            self._unread = 0 if self.document.follow else self._unread + len(lines)
            self._show_tabs()

    def action_log(self) -> None:
        """Show the log, following it."""
        self.tab = "log"
        self._unread = 0
        self.document.follow = True
        self.show()

    def action_follow(self) -> None:
        """Follow the end of the log, or stop to."""
        document = self.document
        document.follow = not document.follow
        self._unread = 0
        self.show()

    def action_found(self, by: int) -> None:
        """Go to the next line that the search found; without a search, to the next error."""
        if self.searching:
            super().action_found(by)
            return
        self.document.follow = False
        if self.document.needle == _ERROR:
            self.document.next_found(by)
            return
        self.document.find(_ERROR)
        if by < 0:
            self.document.next_found(by)

    def waiting(self) -> Remediation | None:
        """Return the remediation."""
        return self._remediation

    def action_approve(self) -> None:
        """Approve its plan."""
        remediation = self._remediation
        if remediation is not None and self.may("approve"):
            self.ours.approve([remediation])

    def action_reject(self) -> None:
        """Reject its plan, with a reason."""
        if self.may("reject"):
            self.ours.decide_with_reason("reject", [self.remediation_id])

    def action_retry(self) -> None:
        """Begin it anew, with a reason."""
        if self.may("retry"):
            self.ours.decide_with_reason("retry", [self.remediation_id])

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
        yield "trueup command", f"trueup remediation {self.remediation_id}"
        yield "text", self.document.text
        yield "curl", self.session.curl(routes.READ_REMEDIATION, self.remediation_id)
        remediation = self._remediation
        if remediation is not None and remediation.plan_digest:
            yield "plan digest", remediation.plan_digest
            yield (
                "approve command",
                (f"trueup approve {self.remediation_id} --digest {remediation.plan_digest}"),
            )
