"""What is ignored: by whom, why and until when; each can be listed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType

from reconciler.wire import routes
from reconciler.wire.findings import Finding
from tui.ages import ahead
from tui.ink import Line, Span, line
from tui.lines.finding import diff_lines, title_lines
from tui.lines.why import why_lines
from tui.lines.words import severity_span
from tui.screens.fetched import FetchedPage
from tui.store.changes import Changes
from tui.store.languages import IGNORES
from tui.widgets.columns import Column
from tui.widgets.marking import MarkedTable

_SOON: Final = timedelta(days=1)
"""An ignore that ends within this is about to raise its alarm again."""


def _address(row: Finding) -> Span:
    return Span(row.address)


def _by(row: Finding) -> Span:
    return Span((row.decision.by if row.decision else None) or "a rule", "strong")


def _why(row: Finding) -> Span:
    return Span((row.decision.reason if row.decision else None) or "", "dim")


def _until(row: Finding) -> Span:
    until = row.decision.until if row.decision else None
    if until is None:
        return Span("it changes", "dim")
    soon = until - datetime.now(UTC) < _SOON
    return Span(f"in {ahead(until)}", "high" if soon else "")


class IgnoresPage(FetchedPage):
    """Every ignored finding."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "list_again", "List again", id="ignores.list_again"),
    ]
    table_type: ClassVar[type[MarkedTable[Any]]] = MarkedTable
    language = IGNORES
    columns: ClassVar[Sequence[Column[Finding]]] = (
        Column("severity", "SEV", 8, lambda row: severity_span(row.severity), rank=5),
        Column("stack", "STACK", 10, lambda row: Span(row.stack), rank=6, fits=True),
        Column(
            "address",
            "ADDRESS",
            22,
            lambda row: Span(row.address),
            grow=2,
            rank=9,
            middle=True,
            fits=True,
        ),
        Column("by", "BY", 10, _by, rank=7, fits=True),
        Column("until", "UNTIL", 10, _until, rank=8),
        Column("why", "WHY", 12, _why, grow=4, rank=4),
    )
    hints: ClassVar[tuple[str, ...]] = ("help", "open", "mark", "list_again", "filter")
    permissions: ClassVar[dict[str, str]] = {"list_again": "remediations:decide"}

    def __init__(self) -> None:
        super().__init__()
        self.title = "Ignores"

    async def fetch(self) -> dict[str, Finding]:
        """Read the ignored findings."""
        found = self.session.client.findings.each(filter="state:ignored")
        return {finding.id: finding async for finding in found}

    def store_changed(self, changes: Changes) -> None:
        """Read them again when a finding may have come or gone."""
        if changes.findings or changes.others or changes.everything:
            self.read()

    def empty(self) -> Sequence[Line]:
        """Say that nothing is."""
        return [*super().empty(), line("i on a finding ignores it until its drift changes")]

    def detail(self, key: str) -> Iterable[Line]:
        """Return a finding in full."""
        finding = self._rows.get(key)
        return (
            [*title_lines(finding), (), *diff_lines(finding), *why_lines(finding)]
            if finding
            else ()
        )

    def open_row(self, key: str) -> None:
        """Show a finding in full."""
        self.ours.show_text("ignored", list(self.detail(key)))

    def action_list_again(self) -> None:
        """Put the marked findings, or the one under the cursor, on the list again."""
        keys = [key for key in self.table.chosen() if key]
        if keys and self.may("list_again"):
            self.ours.list_again(keys)

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the finding under the cursor."""
        finding = self._rows.get(self.table.cursor_key)
        if finding is not None:
            yield "address", finding.address
            yield "STACK/ADDRESS", f"{finding.stack}/{finding.address}"
            yield "reason", (finding.decision.reason if finding.decision else None) or ""
            yield "trueup command", f"trueup unsuppress {finding.id}"
            yield "curl", self.session.curl(routes.UNSUPPRESS_FINDING, finding.id)
            yield "id", finding.id

    @property
    def table(self) -> MarkedTable[Any]:
        """What is ignored."""
        return self.query_one("#list", MarkedTable)
