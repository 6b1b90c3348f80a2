"""One finding: its diff, why it is listed, what a correction would do, and its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final

import orjson
from textual.binding import Binding, BindingType

from reconciler.wire import routes
from reconciler.wire.findings import Finding
from tui.background import remediations_of
from tui.ink import Line, line, text_of_lines
from tui.lines.finding import Shown, diff_lines, title_lines
from tui.lines.tabs import tab_lines
from tui.lines.words import remediation_span, state_span
from tui.opening import Opening, openings_of
from tui.screens.finding_reads import FindingReads
from tui.screens.finding_verbs import FindingVerbs
from tui.store.rows import Row
from tui.verbs import NO_PLAN

_MOST_CONTEXT: Final = 50
_ABOUT_DRIFT: Final = FindingVerbs.permissions.keys() - {"plan"}
TABS: Final = ("diff", "why", "plan", "template", "history", "raw")


class FindingPage(FindingVerbs, FindingReads):
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
        super().__init__(finding_id, tab=tab)
        self.title = "Finding"
        self._shown = Shown()

    def lines(self) -> Iterator[Line]:
        """Yield the finding, and the tab chosen of it."""
        finding = self.finding
        if self.error:
            yield line((self.error, "high"))
        if finding is None and self.removed:
            yield line(("there is no such finding any more", "high"))
            return
        if finding is None:
            yield line("" if self.error else "reading the finding")
            return
        yield from title_lines(finding)
        yield from self._standing(finding)
        yield ()
        yield from tab_lines(self.tab, finding, self.known(), self._shown)

    def _standing(self, finding: Finding) -> Iterator[Line]:
        """Yield where the finding stands, where it is anywhere but on the list."""
        row = self.session.store.rows.get(self.finding_id)
        if self.removed:
            yield line(("it is not there any more; its stack may have been removed", "high"))
        elif finding.state == "healed":
            yield line(("v healed: it is as it was declared", "good"))
        elif finding.state == "ignored":
            yield line(("- ignored; ", "dim"), ("why", "strong"), (" says by whom", "dim"))
        elif row is not None and row.state == "quarantined" and row.not_isolated:
            yield line(state_span("not_isolated"), f": {row.not_isolated}")
        elif row is not None and row.remediation:
            state = remediation_span(row.remediation, row.action)
            yield line(state, f"  remediation {row.remediation_id[:12]}")

    def choose_tab(self, name: str) -> None:
        """Show a tab, and read what only that shows."""
        super().choose_tab(name)
        self.read_tab()

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
            self.preview_again()
            self.show()

    def why_off(self, action: str) -> str:
        """Return why an action cannot be done now: to approve takes a plan that waits for it."""
        reason = super().why_off(action)
        if action == "approve" and not reason and self.waiting_plan() is None:
            return NO_PLAN
        return reason

    def may(self, action: str) -> bool:
        """Whether an action may be done now: none about other drift than the page shows."""
        return super().may(action) and (action not in _ABOUT_DRIFT or self._is_shown())

    def _is_shown(self) -> bool:
        # A row knows by an event what the page has yet to read; before its first read the page
        # shows nothing, and a key that came with the one that opened it is about the list's row.
        row = self.session.store.rows.get(self.finding_id)
        if row is None or self.finding is None or row.report_id == self.finding.report_id:
            return True
        self.read()
        self.flash(("changed since it was shown; reading it again", "high"))
        return False

    def chosen(self) -> list[Row]:
        """Return the finding's row."""
        row = self.session.store.rows.get(self.finding_id)
        return [row] if row else []

    def action_accept(self) -> None:
        """Accept what is live of an undeclared finding, so that it is no drift any more."""
        finding = self.finding
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
            self.ours.undo_accept(self.finding_id)

    def action_run(self) -> None:
        """Follow its remediation."""
        row = self.session.store.rows.get(self.finding_id)
        # The row has left with the drift; what put that right can still be looked at.
        latest = next(iter(remediations_of(self.session, self.finding_id)), None)
        shown = row.remediation_id if row else latest.id if latest else ""
        if not shown:
            self.flash("no remediation yet: C requests one")
            return
        self.ours.follow(shown)

    def openings(self) -> Iterable[Opening]:
        """Return what is read, the source that declares it, and its tickets."""
        yield from super().openings()
        if self.finding is not None:
            stack = self.session.store.stacks.get(self.finding.stack)
            yield from openings_of(self.finding, stack.directory if stack else "")

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the finding."""
        finding = self.finding
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
