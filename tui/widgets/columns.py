"""The columns of a table: how wide each is, and the line that a row becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from rich.cells import cell_len

from tui.ink import Line, Span, shortened, shortened_middle, text_of

R = TypeVar("R")
_GAP: Final = 1
_SIGN: Final = 1
"""Behind the title of the column that is sorted by."""
_DISPENSABLE: Final = 5
"""The highest rank of a column that gives way to the wish of another."""
_MARGIN: Final = 1
"""The cell before the first column, for the sign of a mark."""


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: its `cell` of a row; `grow` shares what is left, higher `rank` goes first.

    `middle` shortens in the middle, as addresses need it. One that `fits` is no wider than its
    longest text, and not there as long as no row has any. Where a text needs it, one that `wishes`
    has so many cells before columns that can be done without have any.
    """

    name: str
    title: str
    width: int
    cell: Callable[[R], Span]
    grow: int = 0
    rank: int = 0
    middle: bool = False
    fits: bool = False
    wishes: int = 0


class Columns(Generic[R]):
    """Columns that are fitted once for each width; where there is no room, the lowest ranks go."""

    def __init__(self, columns: Sequence[Column[R]]) -> None:
        self._columns = tuple(columns)
        self._fitted_for = -1
        self._longest: dict[str, int] = {}
        self._fitted: tuple[tuple[Column[R], int], ...] = ()

    def measure(self, rows: Iterable[R], *, all_of_them: bool) -> None:
        """Note how long the texts of `rows` are; where there are others, no column gets narrower.

        The rows may be those that a filter hides as well: what is typed into it moves nothing.
        """
        longest: dict[str, int] = {}
        found = list(rows)
        for column in self._columns:
            if column.fits or column.wishes:
                texts = (cell_len(text_of((column.cell(row),))) for row in found)
                longest[column.name] = max(texts, default=column.width)
                if column.fits and not all_of_them:
                    longest[column.name] = max(longest[column.name], column.width)
        if longest != self._longest:
            self._longest, self._fitted_for = longest, -1

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
            self._fitted = _fitted(self._columns, width - _MARGIN, self._longest)
            self._fitted_for = width
        return self._fitted


def _fitted(
    columns: Sequence[Column[Any]], width: int, longest: Mapping[str, int]
) -> tuple[tuple[Column[Any], int], ...]:
    """Return the columns that fit in `width` cells, and how wide each is."""
    most = {
        column.name: max(longest[column.name], len(column.title) + _SIGN)
        for column in columns
        if column.fits and column.name in longest
    }
    sizes = {
        column.name: min(column.width, most.get(column.name, column.width)) for column in columns
    }
    kept = [column for column in columns if not column.fits or longest.get(column.name, 1)]
    while len(kept) > 1 and _taken(kept, sizes) > width:
        kept.remove(_least(kept))
    for column in [column for column in kept if column.wishes]:
        wish = min(column.wishes, longest.get(column.name, 0)) - sizes[column.name]
        while wish > width - _taken(kept, sizes) and _least(kept).rank <= _DISPENSABLE:
            kept.remove(_least(kept))
        sizes[column.name] += max(min(wish, width - _taken(kept, sizes)), 0)
    _grow(kept, sizes, most, left=width - _taken(kept, sizes))
    return tuple((column, sizes[column.name]) for column in kept)


def _taken(columns: Sequence[Column[Any]], sizes: Mapping[str, int]) -> int:
    return sum(sizes[column.name] + _GAP for column in columns)


def _least(columns: Sequence[Column[Any]]) -> Column[Any]:
    return min(columns, key=lambda column: column.rank)


def _grow(
    columns: Sequence[Column[Any]], sizes: dict[str, int], most: Mapping[str, int], *, left: int
) -> None:
    """Share what is left; what a column does not need goes to the others."""
    growing = [column for column in columns if column.grow]
    for column in sorted(growing, key=lambda column: column.name not in most):
        shares = sum(each.grow for each in growing)
        share = max(left, 0) * column.grow // shares
        need = most.get(column.name, sizes[column.name] + share) - sizes[column.name]
        taken = min(share, max(need, 0))
        sizes[column.name] += taken
        left -= taken
        growing.remove(column)
