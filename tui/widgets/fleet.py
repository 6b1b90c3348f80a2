"""The columns of the fleet table, and its groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tui.ages import age
from tui.ink import Line, Span
from tui.lines.words import kind_span, severity_span, state_span
from tui.store.arrange import Group
from tui.store.rows import Row
from tui.widgets.table import Column, LineTable


def _remediation(row: Row) -> Span:
    if row.state == "quarantined":
        return state_span("quarantined")
    return state_span(row.remediation)


COLUMNS: Final[tuple[Column[Row], ...]] = (
    Column("severity", "SEV", 8, lambda row: severity_span(row.severity), rank=9),
    Column("kind", "KIND", 11, lambda row: kind_span(row.kind), rank=8),
    Column("stack", "STACK", 10, lambda row: Span(row.stack), grow=1, rank=6),
    Column("type", "TYPE", 16, lambda row: Span(row.type, "dim"), grow=1, rank=2, middle=True),
    Column("address", "ADDRESS", 24, lambda row: Span(row.address), grow=4, rank=10, middle=True),
    Column("attributes", "#", 3, lambda row: Span(f"{len(row.paths) or '':>3}"), rank=4),
    Column("age", "AGE", 4, lambda row: Span(f"{age(row.first_seen):>4}", "dim"), rank=5),
    Column("owner", "OWNER", 8, lambda row: Span(row.owner, "dim"), rank=1),
    Column("state", "REMEDIATION", 16, _remediation, rank=7),
)


class FleetTable(LineTable[Row]):
    """The table of findings; a group's title stands for what is under it."""

    groups: dict[str, Group]

    def group_at(self, key: str) -> Group | None:
        """Return the group of a title."""
        return self.groups.get(key)

    def members_of(self, key: str) -> Collection[str]:
        """Return the findings under a title."""
        group = self.groups.get(key)
        return group.members if group else ()

    def title(self, key: str) -> Line:
        """Return the title of a group as it is drawn."""
        group = self.groups.get(key)
        if group is None:
            # It was shown and is gone: it stays until the order is made anew.
            return (Span(" gone ", "good"), Span(key[:12], "struck"))
        sign = self._glyphs.fold if group.folded else self._glyphs.open
        return (
            Span(f"{sign} ", "strong"),
            Span(group.name or "(none)", "strong"),
            Span(f"  {len(group.members):,}", "info"),
        )
