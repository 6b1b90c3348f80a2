"""The columns of a table: how wide each is, and the line that a row becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from tui.ink import Line, Span, shortened, shortened_middle, text_of

R = TypeVar("R")
_GAP: Final = 1
_MARGIN: Final = 1
"""The cell before the first column, for the sign of a mark."""


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: its `cell` of a row; `grow` shares what is left, higher `rank` goes first.

    `middle` shortens in the middle, as addresses need it.
    """

    name: str
    title: str
    width: int
    cell: Callable[[R], Span]
    grow: int = 0
    rank: int = 0
    middle: bool = False


class Columns(Generic[R]):
    """Columns that are fitted once for each width; where there is no room, the lowest ranks go."""

    def __init__(self, columns: Sequence[Column[R]]) -> None:
        self._columns = tuple(columns)
        self._fitted_for = -1
        self._fitted: tuple[tuple[Column[R], int], ...] = ()

    def head(self, width: int, *, sorted_by: str, sign: str) -> Line:
        """Return the titles; `sign` stands behind that of the column that is sorted by."""
        spans: list[Span] = []
        for column, size in self._in(width):
            mark = sign if column.name == sorted_by else ""
            spans.append(Span(shortened(f"{column.title}{mark}", size), "head"))
            spans.append(Span(" " * _GAP))
        return tuple(spans)

    def cells(self, row: R, width: int, *, cut: str) -> Line:
        """Return a row; `cut` is the sign of a text that does not fit."""
        spans: list[Span] = []
        for column, size in self._in(width):
            text, style = column.cell(row)
            safe = text_of((Span(text),))
            fitted = shortened_middle(safe, size, sign=cut) if column.middle else safe
            spans.append(Span(shortened(fitted, size, sign=cut), style))
            spans.append(Span(" " * _GAP))
        return tuple(spans)

    def _in(self, width: int) -> tuple[tuple[Column[R], int], ...]:
        if self._fitted_for != width:
            self._fitted, self._fitted_for = _fitted(self._columns, width - _MARGIN), width
        return self._fitted


def _fitted(columns: Sequence[Column[Any]], width: int) -> tuple[tuple[Column[Any], int], ...]:
    """Return the columns that fit in `width` cells, and how wide each is."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + _GAP for column in kept) > width:
        kept.remove(min(kept, key=lambda column: column.rank))
    left = max(width - sum(column.width + _GAP for column in kept), 0)
    shares = sum(column.grow for column in kept)
    return tuple(
        (column, column.width + (left * column.grow // shares if shares else 0)) for column in kept
    )
