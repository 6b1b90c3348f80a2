"""The audit log: who did what, and to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import ClassVar, Final

from reconciler.wire import routes
from reconciler.wire.audit import AuditEntry
from tui.ages import clock
from tui.ink import Line, Span, line, text_of_lines
from tui.lines.objects import brief, object_lines
from tui.screens.fetched import FetchedPage
from tui.store.changes import Changes
from tui.store.languages import AUDIT
from tui.widgets.columns import Column

_MOST: Final = 2000
_YEAR: Final = len("2026-")
"""Left out of the list; an entry in full has it."""
_ID: Final = 12
"""As much of an id as is shown of it elsewhere."""


def _to(row: AuditEntry) -> Span:
    """Return what an entry is about; an id says nothing without its stack."""
    stack = row.details.get("stack")
    if not isinstance(stack, str) or stack == row.subject:
        return Span(row.subject)
    address = row.details.get("address")
    return Span(f"{stack} {address if isinstance(address, str) else row.subject[:_ID]}")


class AuditPage(FetchedPage):
    """Who did what to what, the newest first."""

    language = AUDIT
    columns: ClassVar[Sequence[Column[AuditEntry]]] = (
        Column("at", "WHEN (UTC)", 14, lambda row: Span(clock(row.at)[_YEAR:], "dim"), rank=7),
        Column("actor", "WHO", 12, lambda row: Span(row.actor, "strong"), rank=8, fits=True),
        Column("action", "DID", 29, lambda row: Span(row.action), rank=9, fits=True),
        Column("subject", "TO", 14, _to, grow=2, rank=6, middle=True, wishes=36),
        Column(
            "details", "DETAILS", 16, lambda row: Span(brief(row.details), "dim"), grow=3, rank=4
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.title = "Audit"

    async def fetch(self) -> dict[str, AuditEntry]:
        """Read the newest entries."""
        found: dict[str, AuditEntry] = {}
        async for entry in self.session.client.audit.each():
            found[str(entry.seq)] = entry
            if len(found) >= _MOST:
                break
        return dict(sorted(found.items(), key=lambda item: -item[1].seq))

    def store_changed(self, changes: Changes) -> None:
        """Read it again when somebody may have done something."""
        if changes.remediations or changes.others or changes.everything:
            self.read()

    def detail(self, key: str) -> Iterable[Line]:
        """Return an entry in full."""
        entry = self._rows.get(key)
        return _entry_lines(entry) if entry else ()

    def open_row(self, key: str) -> None:
        """Open the remediation or the finding an entry is about."""
        entry = self._rows.get(key)
        if entry is not None and entry.subject in self.session.store.remediations:
            self.ours.follow(entry.subject)
        elif entry is not None and entry.subject in self.session.store.rows:
            self.ours.open_finding(entry.subject)
        elif entry is not None:
            self.ours.show_text(entry.action, list(_entry_lines(entry)))

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the entry under the cursor."""
        entry = self._rows.get(self.table.cursor_key)
        if entry is not None:
            yield "subject", entry.subject
            yield "entry", text_of_lines(_entry_lines(entry))
            yield "trueup command", f"trueup audit --subject {quote(entry.subject)}"
            yield "curl", self.session.curl(routes.LIST_AUDIT, query={"subject": entry.subject})


def _entry_lines(entry: AuditEntry) -> Iterator[Line]:
    yield line(
        (clock(entry.at), "dim"),
        "  ",
        (entry.actor, "strong"),
        f" ({entry.actor_kind})" if entry.actor_kind else "",
    )
    yield line(entry.action, "  ", (entry.subject, "strong"))
    yield ()
    yield from object_lines(entry.details)
