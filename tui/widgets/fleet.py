"""The columns of the fleet table, and its groups."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from tui.ages import age
from tui.ink import Line, Span
from tui.lines.words import (
    PROPOSALS,
    kind_span,
    remediation_span,
    sent_span,
    severity_span,
    state_span,
)
from tui.store.arrange import GROUP_KEY, Group
from tui.store.rows import Row
from tui.widgets.columns import Column
from tui.widgets.marking import MarkedTable


def _remediation(row: Row) -> Span:
    if row.sent:
        return sent_span(row.sent)
    if row.state == "quarantined":
        return state_span("not_isolated" if row.not_isolated else "quarantined")
    if row.action == "quarantine" and row.remediation == "converged":
        # It was isolated and is not any more: the drift is open, and nothing of it converged.
        return remediation_span("converged", "release")
    return remediation_span(row.remediation, row.action)


def _proposed(row: Row) -> Span:
    return PROPOSALS.get(row.proposed, Span(""))


_SEVERITY: Final[Column[Row]] = Column(
    "severity", "SEV", 8, lambda row: severity_span(row.severity), rank=9
)
_KIND: Final[Column[Row]] = Column("kind", "KIND", 11, lambda row: kind_span(row.kind), rank=8)
_TYPE: Final[Column[Row]] = Column(
    "type", "TYPE", 16, lambda row: Span(row.type, "dim"), grow=1, rank=2, middle=True, fits=True
)
_ADDRESS: Final[Column[Row]] = Column(
    "address", "ADDRESS", 24, lambda row: Span(row.address), grow=4, rank=10, middle=True, wishes=36
)

COLUMNS: Final[tuple[Column[Row], ...]] = (
    _SEVERITY,
    _KIND,
    Column("stack", "STACK", 10, lambda row: Span(row.stack), grow=1, rank=6, fits=True),
    _TYPE,
    _ADDRESS,
    Column("attributes", "#", 3, lambda row: Span(f"{len(row.paths) or '':>3}"), rank=4),
    Column("age", "AGE", 4, lambda row: Span(f"{age(row.first_seen):>4}", "dim"), rank=5),
    Column("owner", "OWNER", 8, lambda row: Span(row.owner, "dim"), rank=1, fits=True),
    Column("proposed", "PROPOSED", 13, _proposed, rank=3),
    Column("state", "REMEDIATION", 16, _remediation, rank=7),
)
"""What is shown where the width allows; the preview beside it takes a part of it."""

WIDE_COLUMNS: Final[tuple[Column[Row], ...]] = (
    _SEVERITY,
    Column("kind", "KIND", 11, lambda row: kind_span(row.kind), rank=4),
    Column("stack", "STACK", 10, lambda row: Span(row.stack), grow=1, rank=6, fits=True),
    Column(
        "account",
        "ACCOUNT",
        12,
        lambda row: Span(row.account),
        grow=1,
        rank=8,
        middle=True,
    ),
    Column("region", "REGION", 12, lambda row: Span(row.region), rank=7),
    _TYPE,
    _ADDRESS,
    Column("attributes", "#", 3, lambda row: Span(f"{len(row.paths) or '':>3}"), rank=0),
    Column("age", "AGE", 4, lambda row: Span(f"{age(row.first_seen):>4}", "dim"), rank=3),
    Column("owner", "OWNER", 8, lambda row: Span(row.owner, "dim"), rank=1, fits=True),
    Column("proposed", "PROPOSED", 13, _proposed, rank=9),
    Column("state", "REMEDIATION", 16, _remediation, rank=5),
)
"""The same with where a resource is; these give way last."""

_LEFT: Final = {"healed": Span(" v healed ", "good"), "ignored": Span(" - ignored ", "dim")}


class FleetTable(MarkedTable[Row]):
    """The table of findings; a group's title stands for what is under it.

    `gone` returns the row of a finding that has left the list, as long as it is remembered.
    """

    groups: dict[str, Group]
    gone: Callable[[str], Row | None]

    def group_at(self, key: str) -> Group | None:
        """Return the group of a title."""
        return self.groups.get(key)

    def members_of(self, key: str) -> Collection[str]:
        """Return the findings under a title."""
        group = self.groups.get(key)
        return group.members if group else ()

    def folded(self) -> Collection[str]:
        """Return the findings under the titles that are folded."""
        folded = (group.members for group in self.groups.values() if group.folded)
        return [member for members in folded for member in members]

    def title(self, key: str) -> Line:
        """Return the title of a group as it is drawn."""
        group = self.groups.get(key)
        if group is None:
            return self._left(key)
        sign = self._glyphs.fold if group.folded else self._glyphs.open
        return (
            Span(f"{sign} ", "strong"),
            Span(group.name or "(none)", "strong"),
            Span(f"  {len(group.members):,}", "info"),
        )

    def _left(self, key: str) -> Line:
        """Return what stands for a finding that has left, until the order is made anew."""
        row = None if key.startswith(GROUP_KEY) else self.gone(key)
        if row is None:
            return (Span(" not listed any more", "dim"),)
        word = _LEFT.get(row.state, Span(" gone ", "good"))
        return (word, Span(f" {row.stack}  {row.address}", "struck"))
