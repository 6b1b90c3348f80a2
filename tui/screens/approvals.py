"""The queue: corrections and quarantines that wait for a person, and those that are stuck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType

from reconciler.wire import routes
from reconciler.wire.remediations import Remediation
from tui.ages import age, ahead
from tui.ink import Line, Span, line
from tui.lines.asked import remediation_in_full
from tui.lines.plan import counts_line
from tui.lines.words import sent_span, state_span
from tui.screens.lists import ListPage
from tui.store.changes import Changes
from tui.store.languages import REMEDIATIONS
from tui.widgets.columns import Column
from tui.widgets.marking import MarkedTable

_WAITING: Final = ("awaiting_approval", "needs_human", "unknown", "held")


def _action(row: Remediation) -> Span:
    style = "mark" if row.action_type == "quarantine" else ""
    return Span(row.action_type.replace("_", " "), style)


def _plan(row: Remediation) -> Span:
    if row.plan is None:
        return Span(row.note or "", "dim")
    counts = counts_line(row.plan)
    return Span("".join(span.text for span in counts).strip(), counts[0].style)


def _addresses(row: Any) -> Span:
    more = f" +{len(row.addresses) - 1}" if len(row.addresses) > 1 else ""
    return Span((row.addresses[0] if row.addresses else "") + more)


class ApprovalsPage(ListPage):
    """What waits for a person, the oldest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "approve", "Approve...", id="approvals.approve"),
        Binding("X", "reject", "Reject...", id="approvals.reject"),
        Binding("T", "retry", "Retry...", id="approvals.retry"),
        Binding("i", "suppress", "Ignore...", id="approvals.suppress"),
    ]
    table_type: ClassVar[type[MarkedTable[Any]]] = MarkedTable
    language = REMEDIATIONS
    columns: ClassVar[Sequence[Column[Remediation]]] = (
        Column("state", "STATE", 16, lambda row: state_span(row.state), rank=9),
        Column("action", "ACTION", 14, _action, rank=8),
        Column(
            "stack",
            "STACK",
            10,
            lambda row: Span(row.stack),
            grow=1,
            rank=7,
            middle=True,
            fits=True,
        ),
        Column("plan", "PLAN", 14, _plan, grow=1, rank=6, fits=True),
        Column("address", "ADDRESS", 20, _addresses, grow=4, rank=9, middle=True, wishes=36),
        Column("by", "ASKED BY", 12, lambda row: Span(row.requested_by, "dim"), rank=2),
        Column("age", "AGE", 4, lambda row: Span(age(row.created_at), "dim"), rank=3),
        Column("expires", "EXPIRES", 7, lambda row: Span(ahead(row.expires_at), "dim"), rank=4),
    )
    hints: ClassVar[tuple[str, ...]] = (
        "help",
        "open",
        "mark",
        "approve",
        "reject",
        "retry",
        "suppress",
        "filter",
    )
    permissions: ClassVar[dict[str, str]] = {
        "approve": "remediations:decide",
        "reject": "remediations:decide",
        "retry": "remediations:decide",
        "suppress": "remediations:decide",
    }

    def __init__(self) -> None:
        super().__init__()
        self.title = "Approvals"

    def shown_columns(self) -> Sequence[Column[Remediation]]:
        """Return the columns; the state of a row says what was just sent about it."""
        return [
            replace(column, cell=self._state) if column.name == "state" else column
            for column in self.columns
        ]

    def _state(self, row: Remediation) -> Span:
        sent = self.session.store.sent.of(row.id)
        return sent_span(sent) if sent else state_span(row.state)

    def rows(self) -> Mapping[str, Remediation]:
        """Return what waits."""
        found = [
            remediation
            for remediation in self.session.store.remediations.values()
            if remediation.state in _WAITING
        ]
        found.sort(key=lambda each: (_WAITING.index(each.state), each.created_at, each.id))
        return {remediation.id: remediation for remediation in found}

    def store_changed(self, changes: Changes) -> None:
        """Show what waits now."""
        if changes.remediations or changes.everything:
            self.show()

    def detail(self, key: str) -> Iterable[Line]:
        """Return the plan."""
        store = self.session.store
        remediation = store.remediations.get(key)
        return remediation_in_full(remediation, store.policies) if remediation else ()

    def empty(self) -> Sequence[Line]:
        """Say that nobody is waited for."""
        return [
            line(("v ", "good"), "nothing waits for an approval"),
            line(("1 ", "key"), "shows the drift; ", ("C ", "key"), "there requests a correction"),
        ]

    def chosen(self) -> list[Remediation]:
        """Return the marked remediations that are shown, or the one under the cursor."""
        rows = self.session.store.remediations
        return [rows[key] for key in self.table.chosen() if key in rows]

    def waiting(self) -> Remediation | None:
        """Return the one under the cursor, unless some are marked."""
        key = "" if self.table.marks else self.table.cursor_key
        return self.session.store.remediations.get(key)

    @property
    def table(self) -> MarkedTable[Any]:
        """The queue."""
        return self.query_one("#list", MarkedTable)

    def open_row(self, key: str) -> None:
        """Open a remediation."""
        self.ours.follow(key)

    def action_approve(self) -> None:
        """Approve exactly these plans."""
        if self.may("approve"):
            self.ours.approve(self.chosen())

    def action_reject(self) -> None:
        """Reject them, with a reason."""
        if self.may("reject"):
            self.ours.decide_with_reason("reject", [each.id for each in self.chosen()])

    def action_retry(self) -> None:
        """Begin them anew, with a reason."""
        if self.may("retry"):
            self.ours.decide_with_reason("retry", [each.id for each in self.chosen()])

    def action_suppress(self) -> None:
        """Ignore their findings, with a reason."""
        if self.may("suppress"):
            self.ours.decide_with_reason("suppress", [each.id for each in self.chosen()])

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the one under the cursor."""
        for remediation in self.chosen()[:1]:
            yield "id", remediation.id
            yield "trueup command", f"trueup remediation {remediation.id}"
            yield "curl", self.session.curl(routes.READ_REMEDIATION, remediation.id)
