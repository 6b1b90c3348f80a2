"""Columns are as wide as what they hold, and what matters least gives way first."""

from __future__ import annotations

import pytest

from tui.ink import Span, text_of
from tui.widgets.columns import Column, Columns

Row = tuple[str, str, str]
COLUMNS: tuple[Column[Row], ...] = (
    Column("stack", "STACK", 10, lambda row: Span(row[0]), grow=1, rank=6, fits=True),
    Column("address", "ADDRESS", 10, lambda row: Span(row[1]), grow=4, rank=9, wishes=20),
    Column("owner", "OWNER", 8, lambda row: Span(row[2]), rank=1, fits=True),
)


def drawn(rows: list[Row], width: int, *, all_of_them: bool = True) -> list[str]:
    columns = Columns(COLUMNS)
    columns.measure(rows, all_of_them=all_of_them)
    head = text_of(columns.head(width, sorted_by="", sign=""))
    return [head, *(text_of(columns.cells(row, width, cut="~")) for row in rows)]


@pytest.mark.parametrize(
    ("row", "width", "titles", "at", "why"),
    [
        (("web", "aws_vpc.a", "ana"), 60, "STACK ADDRESS OWNER", 7, "as wide as its texts"),
        (("web", "aws_vpc.a", ""), 30, "STACK ADDRESS", 7, "no row has an owner"),
        (("web", "a" * 20, "ana"), 30, "STACK ADDRESS", 7, "an address before an owner"),
        (("w" * 40, "aws_vpc.a", ""), 30, "STACK ADDRESS", 12, "its share of what is left"),
    ],
)
def test_each_column_has_what_it_needs(
    row: Row, width: int, titles: str, at: int, why: str
) -> None:
    head = drawn([row], width)[0]
    assert head.split() == titles.split(), why
    assert head.index("ADDRESS") == at, why


def test_where_there_are_more_rows_than_were_measured_none_gets_narrower() -> None:
    (head, _) = drawn([("web", "a", "ana")], 60, all_of_them=False)
    assert head.startswith("STACK      ADDRESS")


@pytest.mark.parametrize("width", range(4, 70))
def test_every_line_fits(width: int) -> None:
    rows = [("w" * 15, "a" * 50, "owner" * 5), ("x", "y", "z")]
    for row in drawn(rows, width):
        assert len(row) <= max(width - 1, 11)
