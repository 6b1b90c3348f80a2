"""Rows under headings, aligned, and no wider than the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TextIO, TypeAlias

from reconciler.cli.paint import Paint, cut

Cell: TypeAlias = tuple[str, str]
"""A style and a text, which must be safe already."""

_GAP: Final = 2
_NARROWEST: Final = 6


@dataclass(frozen=True, slots=True)
class Column:
    """One heading.

    A cell may be cut to `least` characters, and further only where no `spare` column is
    left to leave out.
    """

    title: str
    right: bool = False
    least: int | None = None
    spare: bool = False


def table_width(stream: TextIO) -> int | None:
    """Return how wide a table may be on `stream`; None where nobody looks at its right edge."""
    return shutil.get_terminal_size((80, 24)).columns if stream.isatty() else None


def table_lines(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    paint: Paint,
    width: int | None = None,
) -> Iterator[str]:
    """Yield the headings and the rows; columns that are empty in every row are left out."""
    texts = [[cell[1] for cell in cells] for cells in zip(*rows, strict=True)]
    kept = [n for n, column in enumerate(texts) if any(column)]
    widths = {n: max(len(columns[n].title), *map(len, texts[n])) for n in kept}
    if width is not None:
        widths = _fitted(columns, widths, width)
    yield paint("dim", _line([_padded(columns[n], columns[n].title, widths[n]) for n in widths]))
    if width is None and not paint.colour:
        # Nothing is cut or painted: a list of 5,000 rows is written in a third of the time.
        yield from _plain_lines(columns, {n: texts[n] for n in kept}, widths)
        return
    for row in rows:
        yield _line([_cell(columns[n], row[n], widths[n], paint) for n in widths])


def _plain_lines(
    columns: Sequence[Column], texts: Mapping[int, Sequence[str]], widths: Mapping[int, int]
) -> Iterator[str]:
    sides = {n: ">" if columns[n].right else "<" for n in texts}
    form = (" " * _GAP).join(f"{{:{sides[n]}{widths[n]}}}" for n in texts)
    for row in zip(*texts.values(), strict=True):
        yield form.format(*row).rstrip()


def _fitted(columns: Sequence[Column], widths: dict[int, int], width: int) -> dict[int, int]:
    """Cut what may be cut; where that is not enough, leave out the last spare column."""
    made = dict(widths)
    while (excess := _total(made) - width) > 0:
        room = {n: made[n] - _least(columns[n], made[n]) for n in made}
        if sum(room.values()) >= excess:
            return _cut_down(made, room, excess)
        spare = [n for n in made if columns[n].spare]
        if not spare:
            floor = {n: made[n] - _narrowest(columns[n], made[n]) for n in made}
            return _cut_down(made, floor, min(excess, sum(floor.values())))
        del made[spare[-1]]
    return made


def _least(column: Column, width: int) -> int:
    return width if column.least is None else min(width, max(column.least, len(column.title)))


def _narrowest(column: Column, width: int) -> int:
    return width if column.least is None else min(width, max(_NARROWEST, len(column.title)))


def _cut_down(widths: dict[int, int], room: dict[int, int], excess: int) -> dict[int, int]:
    """Take `excess` characters away, from the widest column first."""
    made, left = dict(widths), dict(room)
    for _ in range(excess):
        widest = max((n for n in made if left[n] > 0), key=lambda n: made[n])
        made[widest] -= 1
        left[widest] -= 1
    return made


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _cell(column: Column, cell: Cell, width: int, paint: Paint) -> str:
    style, text = cell
    short = cut(text, width)
    blank = " " * (width - len(short))
    return blank + paint(style, short) if column.right else paint(style, short) + blank


def _padded(column: Column, text: str, width: int) -> str:
    return text.rjust(width) if column.right else text.ljust(width)


def _line(cells: Sequence[str]) -> str:
    return (" " * _GAP).join(cells).rstrip()
