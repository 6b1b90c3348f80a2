"""How many rows there are of a kind, counted once a second at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tui.store.rows import Row

_EVERY_S: Final = 1.0
"""Among 100,000 rows to count at every tick would take a tenth of a core."""


class Counts:
    """Numbers of rows, as of a second ago at most; `now` is a monotonic time.

    Nothing is counted twice: `changed` says that a row came, went or is another one.
    """

    def __init__(self) -> None:
        self._changes = 0
        self._critical = 0
        self._critical_of = (-1, -1)
        self._critical_at = -_EVERY_S
        self._by_stack: dict[str, Counter[str]] = {}
        self._by_stack_of = (-1, -1)
        self._by_stack_at = -_EVERY_S

    def changed(self) -> None:
        """Note that rows are not as they were counted."""
        self._changes += 1

    def critical(self, rows: Mapping[str, Row], *, now: float) -> int:
        """Return how many rows are critical."""
        of = (len(rows), self._changes)
        moved = self._critical_of[0] != of[0]
        if moved or (self._critical_of != of and now - self._critical_at >= _EVERY_S):
            self._critical = [row.severity for row in rows.values()].count("critical")
            self._critical_of, self._critical_at = of, now
        return self._critical

    def by_stack(
        self, rows: Mapping[str, Row], *, now: float, anew: bool = False
    ) -> Mapping[str, Counter[str]]:
        """Return how many rows of each severity a stack has, counted `anew` or lately.

        What a stack said of itself is as old as its last scan: a correction heals between two.
        """
        of = (len(rows), self._changes)
        if self._by_stack_of != of and (anew or now - self._by_stack_at >= _EVERY_S):
            self._by_stack, self._by_stack_of, self._by_stack_at = {}, of, now
            for row in rows.values():
                self._by_stack.setdefault(row.stack, Counter())[row.severity] += 1
        return self._by_stack
