"""One finding: its diff, why it is listed, what a correction would do, and its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final

import orjson
from textual import work
from textual.binding import Binding, BindingType

from reconciler.client.errors import NotFoundError, ReconcilerError
from reconciler.wire import routes
from reconciler.wire.findings import Finding
from reconciler.wire.plans import Plan
from reconciler.wire.remediations import Remediation
from tui.background import read_background, remediations_of
from tui.ink import Line, line, text_of_lines
from tui.lines.finding import Shown, diff_lines, title_lines
from tui.lines.tabs import Known, tab_lines
from tui.lines.words import remediation_span
from tui.opening import Opening, openings_of
from tui.reading import Reading
from tui.screens.document import DocumentPage
from tui.screens.finding_verbs import FindingVerbs
from tui.store.rows import Row
from tui.store.store import Changes

_MOST_CONTEXT: Final = 50
TABS: Final = ("diff", "why", "plan", "template", "history", "raw")


class FindingPage(FindingVerbs, DocumentPage):
    """One finding, in tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "diff", "Diff", show=False, id="finding.diff"),
        Binding("u", "whole", "Whole values", id="finding.whole"),
        Binding(
            "right_curly_bracket", "context(1)", "More lines around", show=False,
            id="finding.more_context",
        ),
        Binding(
            "left_curly_bracket", "context(-1)", "Fewer lines around", show=False,
            id="finding.less_context",
        ),
        Binding("p", "plan", "Plan", id="finding.plan"),
        Binding("A", "approve", "Approve...", id="finding.approve"),
        Binding("X", "reject", "Reject...", id="finding.reject"),
        Binding("C", "correct", "Correct...", id="finding.correct"),
        Binding("Q", "quarantine", "Quarantine...", id="finding.quarantine"),
        Binding("U", "release", "Release...", show=False, id="finding.release"),
        Binding("D", "divide", "Divide", show=False, id="finding.divide"),
        Binding("i", "ignore", "Ignore, ack...", id="finding.ignore"),
        Binding("B", "accept", "Accept live...", show=False, id="finding.accept"),
        Binding("l", "run", "Run", id="finding.run"),
    ]  # fmt: skip
    hints: ClassVar[tuple[str, ...]] = (
        "help",
        "back",
        "tab",
        "whole",
        "plan",
        "approve",
        "correct",
        "quarantine",
        "reject",
        "ignore",
        "run",
        "copy_menu",
    )
    tabs = TABS
    permissions: ClassVar[dict[str, str]] = {
        **FindingVerbs.permissions,
        "accept": "remediations:decide",
    }

    def __init__(self, finding_id: str, *, tab: str = "diff") -> None:
        super().__init__()
        self.title = "Finding"
        self._finding_id = finding_id
        self.tab = tab
        self._shown = Shown()
        self._finding: Finding | None = None
        self._known = Known()
        self._error = ""
        self._removed = False
        self._reading = Reading(self._read_finding)
        self._reading_background = Reading(self._read_around)

    def on_mount(self) -> None:
        """Read the finding."""
        self._read()
        if self.tab == "plan":
            self._make_plan()

    def _read(self) -> None:
        if self._reading.wanted():
            self.run_worker(self._reading.run(), group="finding", exit_on_error=False)

    async def _read_finding(self) -> None:
        try:
            self._finding = await self.session.client.findings.get(self._finding_id)
            self._error, self._removed = "", False
        except NotFoundError:
            self._removed = True
        except ReconcilerError as error:
            self._error = str(error)
        self.show()
        self._read_tab()

    def store_changed(self, changes: Changes) -> None:
        """Read it again when it changed; what is being read stays where it is."""
        if self._finding_id in changes.findings or changes.everything:
            self._known.revisions, self._known.revisions_error = None, ""
            self._read()
        elif changes.remediations or changes.others:
            self._read_background()
            self.show()

    def lines(self) -> Iterator[Line]:
        """Yield the finding, and the tab chosen of it."""
        finding = self._finding
        if self._error:
            yield line((self._error, "high"))
        if finding is None and self._removed:
            yield line(("there is no such finding any more", "high"))
            return
        if finding is None:
            yield line("" if self._error else "reading the finding")
            return
        yield from title_lines(finding)
        yield from self._standing(finding)
        yield ()
        yield from tab_lines(self.tab, finding, self._now_known(), self._shown)

    def _standing(self, finding: Finding) -> Iterator[Line]:
        """Yield where the finding stands, where it is anywhere but on the list."""
        row = self.session.store.rows.get(self._finding_id)
        if self._removed:
            yield line(("it is not there any more; its stack may have been removed", "high"))
        elif finding.state == "healed":
            yield line(("v healed: it is as it was declared", "good"))
        elif finding.state == "ignored":
            yield line(("- ignored; ", "dim"), ("why", "strong"), (" says by whom", "dim"))
        elif row is not None and row.remediation:
            state = remediation_span(row.remediation, row.action)
            yield line(state, f"  remediation {row.remediation_id[:12]}")

    def _now_known(self) -> Known:
        """Return what was read, with what the store knows by now of its remediations."""
        self._known.waiting = self._waiting_plan()
        if self.tab == "history":
            self._known.remediations = remediations_of(self.session, self._finding_id)
        return self._known

    def _read_tab(self) -> None:
        """Read what only one tab shows, where that is the one looked at."""
        self._read_revisions()
        self._read_background()

    def _read_background(self) -> None:
        if self.tab == "why" and self._reading_background.wanted():
            work = self._reading_background.run()
            self.run_worker(work, group="background", exit_on_error=False)

    async def _read_around(self) -> None:
        finding = self._finding
        if self.tab != "why" or finding is None:
            return
        self._known.background = await read_background(self.session, finding)
        self.show()

    @work(exclusive=True, group="template", exit_on_error=False)
    async def _read_revisions(self) -> None:
        """Read them where they are looked at."""
        template_id = self._finding.template_id if self._finding else None
        if self.tab != "template" or not template_id:
            return
        try:
            self._known.revisions = await self.session.client.templates.revisions(template_id)
            self._known.revisions_error = ""
        except ReconcilerError as error:
            self._known.revisions_error = str(error)
        self.show()

    def _waiting_plan(self) -> Plan | None:
        found = self.waiting()
        return found.plan if found and found.state == "awaiting_approval" else None

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _make_plan(self) -> None:
        try:
            self._known.preview = await self.session.client.findings.plan(self._finding_id)
            self._known.preview_error = None
        except ReconcilerError as error:
            self._known.preview_error = str(error), error.remedy or ""
        self.show()

    def action_tab(self, by: int) -> None:
        """Show the next tab."""
        super().action_tab(by)
        self._read_tab()
        if self.tab == "plan" and self._known.preview is None and self._waiting_plan() is None:
            self._make_plan()

    def action_diff(self) -> None:
        """Show the diff."""
        self.tab = "diff"
        self.show()

    def action_context(self, by: int) -> None:
        """Show more, or fewer, of the lines around what differs inside a document."""
        context = max(min(self._shown.context + by, _MOST_CONTEXT), 0)
        self._shown = replace(self._shown, context=context)
        self.show()
        self.flash(f"{context} lines around each difference")

    def action_whole(self) -> None:
        """Show whole values, or only what differs inside them."""
        self._shown = replace(self._shown, whole=not self._shown.whole)
        self.show()

    def action_plan(self) -> None:
        """Show what a correction would do; nothing is changed."""
        if self.may("plan"):
            self.tab = "plan"
            if self._waiting_plan() is None:
                self._known.preview = None
                self._make_plan()
            self.show()

    def chosen(self) -> list[Row]:
        """Return the finding's row."""
        row = self.session.store.rows.get(self._finding_id)
        return [row] if row else []

    def waiting(self) -> Remediation | None:
        """Return its remediation."""
        row = self.session.store.rows.get(self._finding_id)
        return self.session.store.remediations.get(row.remediation_id) if row else None

    def action_accept(self) -> None:
        """Accept what is live of an undeclared finding, so that it is no drift any more."""
        finding = self._finding
        if finding is None or not self.may("accept"):
            return
        if finding.origin != "undeclared":
            self.flash("only what the code declares nowhere can be accepted", "; C corrects it")
            return
        self.ours.accept_live(finding)

    def action_undo(self) -> None:
        """Take the latest decision back; without any, the acceptance of this finding."""
        if self.ours.can_undo:
            super().action_undo()
        elif self.may("undo"):
            self.ours.undo_accept(self._finding_id)

    def action_run(self) -> None:
        """Follow its remediation."""
        row = self.session.store.rows.get(self._finding_id)
        if row is None or not row.remediation_id:
            self.flash("no remediation yet: C requests one")
            return
        self.ours.follow(row.remediation_id)

    def openings(self) -> Iterable[Opening]:
        """Return what is read, the source that declares it, and its tickets."""
        yield from super().openings()
        if self._finding is not None:
            stack = self.session.store.stacks.get(self._finding.stack)
            yield from openings_of(self._finding, stack.directory if stack else "")

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the finding."""
        finding = self._finding
        if finding is None:
            return
        name = "URN" if finding.address.startswith("urn:") else "address"
        yield name, finding.address
        yield "diff", text_of_lines(diff_lines(finding, self._shown))
        if self.tab != "diff":
            yield self.tab, self.document.text
        for change in finding.changes:
            yield f"live {change.path}", _plain(change.live)
        yield "trueup command", f"trueup show {finding.id}"
        yield "curl", self.session.curl(routes.READ_FINDING, finding.id)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
