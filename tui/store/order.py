"""The keys of rows in an order that is made no further than it is looked at.

Of 100,000 rows a screen shows fifty. To sort all of them takes longer than a person should wait
for the first of them; to put them into heaps by what is sorted by does not, and each heap is
sorted when its first row is asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, overload

from tui.store.rows import Row

_TRIED: Final = 200
"""Rows by which it is seen how many values there are."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What rows are sorted by: `value` of a row, and where rows with a value stand.

    Rows are many, and values few: the first is called for each row and had better be quick.
    """

    value: Callable[[Row], Hashable]
    place: Callable[[Any], Any] = lambda value: value


class RowOrder(Sequence[str]):
    """Ids of rows as `sort` has them, those that it makes equal by stack and address.

    With `reverse` only the order of the values is turned around.
    """

    __slots__ = ("_heap_of", "_heaps", "_sorted", "_starts")

    def __init__(self, rows: Sequence[Row], sort: Sort, *, reverse: bool = False) -> None:
        values = list(map(sort.value, rows))
        if len({*values[:_TRIED]}) > _TRIED // 2:
            # Nearly each row would be a heap of its own.
            self._heaps = [sorted(rows, key=_place)]
            self._heaps[0].sort(key=lambda row: sort.place(sort.value(row)), reverse=reverse)
            self._sorted = bytearray(b"\1")
        else:
            self._heaps = _heaps(values, rows, sort, reverse=reverse)
            self._sorted = bytearray(len(self._heaps))
        # Where each begins, and where the last one ends.
        self._starts = [0, *accumulate(map(len, self._heaps))]
        self._heap_of: dict[str, int] | None = None

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        heap = bisect_right(self._starts, at) - 1
        return self._in_order(heap)[at - self._starts[heap]].id

    def __iter__(self) -> Iterator[str]:
        for heap in range(len(self._heaps)):
            for row in self._in_order(heap):
                yield row.id

    def rows(self) -> Iterator[Row]:
        """Yield the rows themselves."""
        for heap in range(len(self._heaps)):
            yield from self._in_order(heap)

    def __contains__(self, key: object) -> bool:
        return key in self._heaps_by_id

    @property
    def ids(self) -> AbstractSet[str]:
        """The ids, in no order."""
        return self._heaps_by_id.keys()

    def index(self, key: str, start: int = 0, stop: int | None = None) -> int:
        """Return the place of a key.

        Raises:
            ValueError: it has none, or none from `start` to before `stop`.
        """
        heap = self._heaps_by_id.get(key)
        if heap is not None:
            rows = self._in_order(heap)
            at = self._starts[heap] + next(at for at, row in enumerate(rows) if row.id == key)
            if start <= at < (len(self) if stop is None else stop):
                return at
        raise ValueError(key)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sequence) and not isinstance(other, str):
            return len(self) == len(other) and all(map(str.__eq__, self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it is compared with tuples, which it hashes unlike

    @property
    def _heaps_by_id(self) -> dict[str, int]:
        if self._heap_of is None:
            self._heap_of = {row.id: heap for heap, rows in enumerate(self._heaps) for row in rows}
        return self._heap_of

    def _in_order(self, heap: int) -> list[Row]:
        rows = self._heaps[heap]
        if not self._sorted[heap]:
            rows.sort(key=_place)
            self._sorted[heap] = True
        return rows


def _heaps(
    values: Sequence[Hashable], rows: Sequence[Row], sort: Sort, *, reverse: bool
) -> list[list[Row]]:
    """Return the rows of each value, in the order of the values."""
    heaps: dict[Hashable, list[Row]] = defaultdict(list)
    for value, row in zip(values, rows, strict=True):
        heaps[value].append(row)
    return [heaps[value] for value in sorted(heaps, key=sort.place, reverse=reverse)]


def _place(row: Row) -> str:
    # One text: a tuple for each of 100,000 rows takes four times as long. With the id, two
    # findings of one resource never change places.
    return f"{row.stack} {row.address} {row.id}"
