"""Figures and the table they are printed in: median of several runs, least to most beside it."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Sense = Literal["at most", "at least"]
_MILLI_BELOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The same thing measured several times; `unit` is `s`, `MB`, `calls` or nothing."""

    values: tuple[float, ...]
    unit: str = "s"

    @property
    def median(self) -> float:
        """The figure that counts."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1 or min(self.values) == max(self.values):
            return shown(self.median, self.unit)
        least, most = (shown(value, self.unit) for value in (min(self.values), max(self.values)))
        return f"{shown(self.median, self.unit)} ({least}..{most})"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a ratio must keep to."""

    sense: Sense
    value: float

    def met(self, ratio: float) -> bool:
        """Say whether `ratio` keeps to it."""
        return ratio <= self.value if self.sense == "at most" else ratio >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.sense == 'at most' else '>='} {self.value:g}x"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ratio` is what `limit` speaks of; `bound` says what keeps a missed one."""

    what: str
    ours: Sample
    peer: Sample
    ratio: float
    limit: Limit | None = None
    bound: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `NOT MET`, or nothing where there is no limit."""
        if self.limit is None:
            return ""
        return "met" if self.limit.met(self.ratio) else "NOT MET"


def faster(
    what: str, ours: Sample, peer: Sample, *, at_least: float | None = None, bound: str = ""
) -> Row:
    """Return a row whose ratio says how many times less ours is than the peer's."""
    limit = None if at_least is None else Limit("at least", at_least)
    return Row(what, ours, peer, peer.median / ours.median, limit, bound)


def within(
    what: str, ours: Sample, peer: Sample, *, at_most: float | None = None, bound: str = ""
) -> Row:
    """Return a row whose ratio says how many times the peer's figure ours is."""
    limit = None if at_most is None else Limit("at most", at_most)
    return Row(what, ours, peer, ours.median / peer.median, limit, bound)


def shown(value: float, unit: str) -> str:
    """Return a figure as people read it."""
    if unit == "s":
        return f"{value * 1000:.0f} ms" if value < _MILLI_BELOW_S else f"{value:.2f} s"
    return f"{value:.0f} {unit}".rstrip()


def table(title: str, rows: Sequence[Row]) -> Iterable[str]:
    """Yield the lines of a table, and below it what bounds each missed figure."""
    head = ("", "ours", "peer", "ratio", "must be", "")
    cells = [head, *(_cells(row) for row in rows)]
    yield title
    yield from columns(cells)
    bounds = dict.fromkeys(row.bound for row in rows if row.verdict == "NOT MET" and row.bound)
    for bound in bounds:
        missed = [row.what for row in rows if row.verdict == "NOT MET" and row.bound == bound]
        yield from textwrap.wrap(
            "; ".join(missed), 96, initial_indent="  NOT MET: ", subsequent_indent="    "
        )
        yield from textwrap.wrap(
            bound, 96, initial_indent="    what bounds it: ", subsequent_indent="    "
        )


def columns(lines: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield the lines with their cells below one another."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield ("  " + "  ".join(padded)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        str(row.ours),
        str(row.peer),
        f"{row.ratio:.2f}x" if row.ratio < 10 else f"{row.ratio:.0f}x",
        str(row.limit) if row.limit else "",
        row.verdict,
    )
