"""How one ordered list becomes another: which elements are changed, gone and new, by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final, TypeAlias

Step: TypeAlias = "tuple[int | None, int | None]"
"""The place before and after; None where the element is on one side only."""
_MOST_MATCHED: Final = 250_000
"""Of a product of lengths: matching takes as long, and longer lists are compared by place."""


def steps_between(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[Step]:
    """Yield each place that differs, in order; places that stayed equal are left out."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    for old, old_end, new, new_end in _blocks(left, right):
        places = zip_longest(range(old, old_end), range(new, new_end))
        for one, other in places:
            yield (
                None if one is None else start + one,
                None if other is None else start + other,
            )


def _blocks(left: Sequence[bytes], right: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    if len(left) * len(right) > _MOST_MATCHED:
        yield from (_at(place, left, right) for place in range(max(len(left), len(right))))
        return
    # Repeated elements are the usual thing in JSON: autojunk would take them for noise.
    for tag, *block in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            old, old_end, new, new_end = block
            yield old, old_end, new, new_end


def _at(place: int, left: Sequence[bytes], right: Sequence[bytes]) -> tuple[int, int, int, int]:
    return (
        min(place, len(left)), min(place + 1, len(left)),
        min(place, len(right)), min(place + 1, len(right)),
    )  # fmt: skip


def _common(left: Sequence[bytes], right: Sequence[bytes]) -> int:
    """Return how many elements both begin with."""
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return place
    return min(len(left), len(right))
